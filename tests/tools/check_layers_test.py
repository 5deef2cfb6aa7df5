#!/usr/bin/env python3
"""Breaks the arrows in a copy of the sources, one at a time, and sees tools/check_layers.py report each."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ["core", "models", "operators", "state", "config", "pipeline", "bench", "tests"]


class CheckLayers(unittest.TestCase):
    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory()
        self.root = Path(self.scratch.name)
        for folder in FOLDERS:
            shutil.copytree(ROOT / folder, self.root / folder)

    def tearDown(self):
        self.scratch.cleanup()

    def check(self):
        run = subprocess.run([sys.executable, ROOT / "tools/check_layers.py", self.root], capture_output=True, text=True)
        return run.returncode, run.stdout.splitlines()

    def expect_report(self, name, line, report):
        """Appends a line to a file and expects one report, of this line, that begins so."""
        path = self.root / name
        before = path.read_text() if path.exists() else ""
        path.write_text(before + line + "\n")
        number = before.count("\n") + 1
        code, output = self.check()
        self.assertEqual(code, 1, output)
        self.assertEqual(len(output), 2, output)
        self.assertTrue(output[0].startswith(f"{name}:{number}: {report}"), output)

    def expect_nothing(self, name, line):
        with (self.root / name).open("a") as file:
            file.write(line + "\n")
        code, output = self.check()
        self.assertEqual((code, output[:-1]), (0, []))

    def test_the_tree_as_it_is_keeps_the_arrows(self):
        self.expect_nothing("core/time.h", "")

    def test_an_operator_that_includes_the_state_is_reported(self):
        self.expect_report("operators/sessionize.cc", '#include "state/store.h"', "operators may not include state/store.h")

    def test_a_state_that_includes_an_operator_is_reported(self):
        self.expect_report("state/table.h", '  #  include "operators/options.h"',
                           "state may not include operators/options.h")

    def test_a_main_job_that_includes_a_tool_around_it_is_reported(self):
        self.expect_report("pipeline/run.cc", '#include "pipeline/explain/explain.h"',
                           "pipeline may not include pipeline/explain/explain.h")

    def test_a_tool_that_includes_the_commands_is_reported(self):
        self.expect_report("pipeline/generator/random.h", '#include "pipeline/commands/cli.h"',
                           "pipeline/generator may not include pipeline/commands/cli.h")

    def test_a_command_may_include_all_of_them(self):
        self.expect_nothing("pipeline/commands/cli.h", '#include "pipeline/explain/explain.h"')

    def test_an_operator_that_only_declares_a_type_of_the_state_is_reported(self):
        self.expect_report("operators/sessionize.h", "class Store;", "names Store of state/")

    def test_a_state_that_only_declares_a_type_of_an_operator_is_reported(self):
        self.expect_report("state/table.h", "struct UserState;", "names UserState of operators/")

    def test_a_comment_may_speak_of_the_other_room(self):
        self.expect_nothing("operators/sessionize.h", "// A Store keeps it.")

    def test_the_core_includes_none_of_the_others(self):
        self.expect_report("core/time.h", '#include "models/experts.h"', "core may not include models/experts.h")

    def test_the_configuration_knows_the_pipelines_dials_but_not_the_pipeline(self):
        self.expect_nothing("config/load.cc", '#include "pipeline/options.h"')
        self.expect_report("config/load.cc", '#include "pipeline/log.h"', "config may not include pipeline/log.h")

    def test_nobody_includes_the_tests(self):
        self.expect_report("pipeline/run.cc", '#include "tests/config/shipped_text.h"',
                           "pipeline may not include tests/config/shipped_text.h")

    def test_a_header_of_ours_is_included_by_its_full_path(self):
        self.expect_report("pipeline/run.cc", '#include "run.h"',
                           '"run.h" is no file of the project: ours are included by their full path')

    def test_json_is_known_to_one_file_of_the_configuration(self):
        self.expect_report("config/load.cc", "#include <nlohmann/json.hpp>",
                           "<nlohmann/json.hpp> may appear in config/json_reader.cc")

    def test_rocksdb_is_known_to_one_file_of_the_state(self):
        self.expect_report("state/store.h", "#include <rocksdb/db.h>",
                           "<rocksdb/db.h> may appear in state/rocksdb_store.cc")

    def test_kafka_is_known_to_the_pipelines_files_of_its_name_and_to_one_file_of_the_tests(self):
        self.expect_nothing("tests/pipeline/support/kafka_broker.cc", "#include <librdkafka/rdkafka.h>")
        self.expect_report("tests/pipeline/support/kafka_broker.h", "#include <librdkafka/rdkafka.h>",
                           "<librdkafka/rdkafka.h> may appear in pipeline/kafka_*.cc")

    def test_a_file_that_is_new_is_held_to_the_table_too(self):
        self.expect_report("pipeline/lane_scheduler.cc", "#include <oneapi/tbb/flow_graph.h>",
                           "<oneapi/tbb/flow_graph.h> may appear in pipeline/graph_runner.cc")

    def test_a_library_that_is_not_in_the_table_appears_nowhere(self):
        self.expect_report("pipeline/run.cc", "#include <curl/curl.h>",
                           "<curl/curl.h> is not in the table of check_layers.py")

    def test_below_the_pipeline_nobody_asks_a_clock(self):
        self.expect_report("operators/sessionize.cc", "auto at = std::chrono::system_clock::now();", "asks a clock")

    def test_below_the_pipeline_nobody_asks_for_chance(self):
        self.expect_report("models/experts.cc", "std::random_device chance;", "asks for chance")

    def test_below_the_pipeline_nothing_hangs_on_the_standard_librarys_hash(self):
        self.expect_report("state/table.h", "using Hash = std::hash<int>;", "hashes as the standard library pleases")

    def test_a_comment_or_a_text_may_speak_of_clocks(self):
        self.expect_nothing("core/time.h", '// never now()\nconst char* kText = "time() and now()";')

    def test_the_pipeline_may_look_at_its_clock(self):
        self.expect_nothing("pipeline/clock.h", "// here\ninline auto at() { return std::chrono::steady_clock::now(); }")

    def test_a_folder_without_sources_is_no_success(self):
        with tempfile.TemporaryDirectory() as empty:
            run = subprocess.run([sys.executable, ROOT / "tools/check_layers.py", empty], capture_output=True, text=True)
            self.assertNotEqual(run.returncode, 0)
            self.assertIn("no sources", run.stderr)


if __name__ == "__main__":
    unittest.main()
