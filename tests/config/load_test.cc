// Reading settings: files, overrides, units, substitution, and the messages for everything that can be wrong.
#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>

#include "config/client_properties.h"
#include "config/fields.h"
#include "config/json_reader.h"
#include "config/reference.h"
#include "tests/config/shipped_text.h"

namespace driftcast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::IsNull;
using testing::NotNull;
using testing::Pair;

std::string scratch_file(const std::string& content) {
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  static int number = 0;
  std::string path =
      testing::TempDir() + "driftcast_" + test->name() + std::to_string(::getpid()) + "_" + std::to_string(number++);
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(std::string(name));
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

const Environment kNoEnvironment = environment_of({});

Loaded load_text(const std::string& json, const Environment& environment = kNoEnvironment) {
  const std::string path = scratch_file(json);
  Loaded loaded = load_settings(path, {}, environment);
  for (Problem& problem : loaded.problems) {  // the scratch file's name is of no interest
    for (std::string* text : {&problem.place, &problem.where}) {
      if (text->starts_with(path)) text->replace(0, path.size(), "file");
    }
  }
  std::remove(path.c_str());
  return loaded;
}

Loaded load_overrides(const std::vector<std::string>& overrides, const Environment& environment = kNoEnvironment) {
  return load_settings(std::nullopt, overrides, environment);
}

// "where: what" of each problem, without the place.
std::vector<std::string> messages(const Loaded& loaded) {
  std::vector<std::string> lines;
  for (const Problem& problem : loaded.problems) lines.push_back(problem.where + ": " + problem.what);
  return lines;
}

// All fields as text; equal texts are equal settings, since the text of every field reads back as its value.
std::string all_of(const Settings& settings) {
  std::string text;
  for (const Field& field : fields()) text += std::string(field.path) + "=" + text_of(field, settings) + "\n";
  return text;
}

TEST(LoadSettings, GivesTheDefaultsWithoutAFile) {
  const Loaded loaded = load_overrides({});
  EXPECT_THAT(messages(loaded), IsEmpty());
  EXPECT_EQ(all_of(loaded.settings), all_of(Settings{}));
}

TEST(LoadSettings, ShippedFileEqualsTheDefaults) {
  const Loaded loaded = load_settings(shipped_path("config/driftcast.json"), {}, kNoEnvironment);
  EXPECT_THAT(messages(loaded), IsEmpty());
  EXPECT_EQ(all_of(loaded.settings), all_of(Settings{}));
  EXPECT_EQ(loaded.settings.pipeline.kinds.names, Settings{}.pipeline.kinds.names);
  EXPECT_EQ(output_hash(loaded.settings), output_hash(Settings{}));
}

TEST(LoadSettings, ReadsEveryTypeFromAFile) {
  const Loaded loaded = load_text(R"({
    "threads": 8, "source": {"close": false, "path": "-"}, "time": {"lateness": "90m", "offset": "-5h", "max_skew": 0},
    "limits": {"record_bytes": "1MiB", "category_bytes": "64B", "amount_abs": 5e3}, "horizons": [1, 365], "level": 0.8,
    "log": {"level": "warn"}, "kinds": {"names": {"like.it": "click", "view": "other"}, "weights": {"cart": 2.5}},
    "mapping": {"category": "/a~1b/0", "amount": ""}, "state": {"cache": "0"}})");
  EXPECT_THAT(messages(loaded), IsEmpty());
  const auto& [operators, state, pipeline] = loaded.settings;
  EXPECT_EQ(pipeline.threads, 8);
  EXPECT_FALSE(pipeline.source.close);
  EXPECT_EQ(pipeline.source.path, "-");
  EXPECT_EQ(operators.time.lateness, std::chrono::minutes{90});
  EXPECT_EQ(operators.time.step.offset, std::chrono::hours{-5});
  EXPECT_EQ(operators.time.max_skew, Duration{0});
  EXPECT_EQ(pipeline.limits.record_bytes, 1 << 20);
  EXPECT_EQ(pipeline.limits.category_bytes, 64);
  EXPECT_EQ(pipeline.limits.amount_abs, 5000);
  EXPECT_THAT(operators.horizons, ElementsAre(1, 365));
  EXPECT_EQ(operators.level, 0.8);
  EXPECT_EQ(pipeline.log.level, "warn");
  EXPECT_EQ(operators.kind_weights[2], 2.5F);
  EXPECT_THAT(pipeline.kinds.names, ElementsAre(Pair("view", Kind::kOther), Pair("click", Kind::kClick),
                                                Pair("cart", Kind::kCart), Pair("purchase", Kind::kPurchase),
                                                Pair("return", Kind::kReturn), Pair("like.it", Kind::kClick)));
  EXPECT_EQ(pipeline.mapping.category, "/a~1b/0");
  EXPECT_EQ(pipeline.mapping.amount, "");
  EXPECT_EQ(state.cache_bytes, 0);
}

TEST(LoadSettings, OverridesComeAfterTheFileAndTheLastOneWins) {
  const std::string path = scratch_file(R"({"threads": 3, "time": {"lateness": "3h"}})");
  const std::vector<std::string> overrides = {"threads=4", "threads=5", "horizons=7,14", "sink.dir=a=b"};
  const Loaded loaded = load_settings(path, overrides, kNoEnvironment);
  std::remove(path.c_str());
  EXPECT_THAT(messages(loaded), IsEmpty());
  EXPECT_EQ(loaded.settings.pipeline.threads, 5);
  EXPECT_EQ(loaded.settings.operators.time.lateness, std::chrono::hours{3});
  EXPECT_THAT(loaded.settings.operators.horizons, ElementsAre(7, 14));
  EXPECT_EQ(loaded.settings.pipeline.sink.dir, "a=b");
}

TEST(LoadSettings, OverridesReadEveryTypeFromText) {
  const Loaded loaded = load_overrides(
      {"horizons=[7, 21]", "kinds.names.link_post=view", "kinds.names.com.shop.like=cart", "kinds.weights.view=0.5",
       "emit.sessions=false", "epoch.bytes=64KiB", "model.device=cuda", "model.precision=bfloat16",
       "model.batch.rows=512", "model.batch.age=0", "topics.drift=", "mapping.title="});
  EXPECT_THAT(messages(loaded), IsEmpty());
  EXPECT_THAT(loaded.settings.operators.horizons, ElementsAre(7, 21));
  EXPECT_EQ(loaded.settings.pipeline.kinds.names.at(5), std::pair(std::string("link_post"), Kind::kView));
  EXPECT_EQ(loaded.settings.pipeline.kinds.names.at(6), std::pair(std::string("com.shop.like"), Kind::kCart));
  EXPECT_EQ(loaded.settings.operators.kind_weights[0], 0.5F);
  EXPECT_FALSE(loaded.settings.pipeline.emit.sessions);
  EXPECT_EQ(loaded.settings.pipeline.epoch.bytes, 65536);
  EXPECT_EQ(loaded.settings.pipeline.model_device, "cuda");
  EXPECT_EQ(loaded.settings.pipeline.model_precision, "bfloat16");
  EXPECT_EQ(loaded.settings.pipeline.model_batch.rows, 512);
  EXPECT_EQ(loaded.settings.pipeline.model_batch.age, Duration{0});
  EXPECT_EQ(loaded.settings.pipeline.mapping.title, "");
}

TEST(LoadSettings, TheTextOfEveryFieldReadsBackAsAnOverride) {
  for (const Field& field : fields()) {
    if (field.type == FieldType::kMap || field.type == FieldType::kClient) continue;
    const std::string text = text_of(field, Settings{});
    const Loaded loaded = load_overrides({std::string(field.path) + "=" + text});
    EXPECT_THAT(messages(loaded), IsEmpty());
    EXPECT_EQ(text_of(field, loaded.settings), text);
  }
}

TEST(LoadSettings, SubstitutesFromTheEnvironmentAndFromFiles) {
  const std::string secret = scratch_file("/data/model\r\n\n");
  const Environment environment =
      environment_of({{"THREADS", "6"}, {"ROOT", "/srv"}, {"KIND", "cart"}, {"ODD", "${X}"}});
  const Loaded loaded = load_text(R"({"threads": "${THREADS}", "sink": {"dir": "${ROOT}/out/${ROOT}$${ROOT}${ODD}"},
    "horizons": ["${THREADS}", 9], "kinds": {"names": {"like": "${KIND}"}}, "model": {"dir": "${file:)" +
                                      secret + "}\"}}",
                                  environment);
  std::remove(secret.c_str());
  EXPECT_THAT(messages(loaded), IsEmpty());
  EXPECT_EQ(loaded.settings.pipeline.threads, 6);
  EXPECT_EQ(loaded.settings.pipeline.sink.dir, "/srv/out//srv${ROOT}${X}");
  EXPECT_THAT(loaded.settings.operators.horizons, ElementsAre(6, 9));
  EXPECT_EQ(loaded.settings.pipeline.kinds.names.back(), std::pair(std::string("like"), Kind::kCart));
  EXPECT_EQ(loaded.settings.pipeline.model_dir, "/data/model");
}

TEST(LoadSettings, ReportsWhatCannotBeSubstituted) {
  const Loaded loaded = load_text(R"({"threads": "${THREADS}", "sink": {"dir": "${ROOT"}, "state": {"dir": "${}"},
    "horizons": ["${A}", "${B}"], "kinds": {"names": {"like": "${C}", "love": "click"}},
    "model": {"dir": "${file:/nowhere/at/all}"}, "source": {"path": "${file:/}"}})");
  EXPECT_THAT(messages(loaded),
              ElementsAre("threads: the environment variable 'THREADS' is not set",
                          "sink.dir: '${' is not closed by '}'; write '$${' for the two characters themselves",
                          "state.dir: the environment variable '' is not set",
                          "horizons: the environment variable 'A' is not set",
                          "horizons: the environment variable 'B' is not set",
                          "kinds.names.like: the environment variable 'C' is not set",
                          "model.dir: the file '/nowhere/at/all' cannot be read: No such file or directory",
                          "source.path: the file '/' cannot be read: Is a directory"));
  EXPECT_EQ(loaded.settings.pipeline.kinds.names.back().first, "love");
}

TEST(LoadSettings, ReportsAFileThatIsMissingOrNotJson) {
  const Loaded missing = load_settings("/nowhere.json", {}, kNoEnvironment);
  EXPECT_THAT(messages(missing),
              ElementsAre("/nowhere.json: the file '/nowhere.json' cannot be read: No such file or directory"));
  EXPECT_THAT(messages(load_text("{\n  \"threads\": 4,\n  \"level\" 0.9\n}")),
              ElementsAre("file:3:11: not valid JSON at '0.9'"));
  EXPECT_THAT(messages(load_text("[]")), ElementsAre("file: must hold one JSON object"));
}

TEST(LoadSettings, ReportsUnknownKeysWithWhatWasProbablyMeant) {
  const Loaded loaded = load_text(R"({
    "treads": 4,
    "topics": {"forcast": "x"},
    "time": {"gap": "5m", "zebra": 1},
    "lateness": "1h",
    "kinds": {"weights": {"veiw": 1}, "nmaes": {}},
    "quux": {"deep": {"er": 1}}})");
  EXPECT_THAT(
      messages(loaded),
      ElementsAre(
          "treads: unknown key 'treads'; did you mean 'threads'?",
          "topics.forcast: unknown key 'forcast' in 'topics'; did you mean 'forecasts'?",
          "time.gap: unknown key 'gap' in 'time'; did you mean 'session.gap'?",
          "time.zebra: unknown key 'zebra' in 'time'; allowed are step, offset, lateness, max_skew or "
          "dormant_after",
          "lateness: unknown key 'lateness'; did you mean 'time.lateness'?",
          "kinds.weights.veiw: unknown key 'veiw' in 'kinds.weights'; did you mean 'view'?",
          "kinds.nmaes: unknown key 'nmaes' in 'kinds'; did you mean 'names'?",
          "quux: unknown key 'quux'; allowed are threads, source, sink, kafka, start, topics, mapping, kinds, time, "
          "session, "
          "horizons, categories, drift, level, emit, output, state, model, epoch, changelog, limits, http or log"));
}

TEST(LoadSettings, ReportsWrongUnitsTypesAndRangesAllAtOnce) {
  const Loaded loaded = load_text(R"({
    "threads": 0, "source": {"partitions": 1025, "slice": 1.5, "close": "yes", "path": 7}, "sink": [],
    "time": {"step": "30s", "lateness": 5, "max_skew": "-1s", "offset": null, "dormant_after": "many"},
    "session": {"gap": "0", "max": "1y"}, "level": 1, "drift": {"fdr": true, "run_length": "NaN"},
    "state": {"cache": "256MB", "block_cache": 64}, "model": {"device": "gpu", "precision": "int8", "batch": {"rows": 0, "age": "2s"}},
    "log": {"level": "warning", "format": ""},
    "limits": {"record_bytes": "1TiB"}, "epoch": {"interval": "99999999999999999999s"}})");
  EXPECT_THAT(
      messages(loaded),
      ElementsAre(
          "threads: '0' is out of range: allowed are 1 to 256",
          "source.partitions: '1025' is out of range: allowed are 1 to 1024",
          "source.slice: '1.5' is not a whole number", "source.close: 'yes' is neither true nor false",
          "source.path: expected a string, got a number", "sink: is a group of settings: one of dir or sync",
          "time.step: '30s' is out of range: allowed are 1m to 31d",
          "time.lateness: '5' has no unit: write 5s, 5m or 5h",
          "time.max_skew: '-1s' is out of range: allowed are 0 to 365d",
          "time.offset: expected a duration such as \"10s\", got null",
          "time.dormant_after: 'many' is not a whole number",
          "session.gap: '0' is out of range: allowed are 1ms to 365d",
          "session.max: '1y' is not a duration: write a whole number and a unit, one of ms, s, m, h, d and w",
          "level: '1' is out of range: allowed are 0.5 to 0.99", "drift.fdr: expected a number, got a boolean",
          "drift.run_length: 'NaN' is not a number",
          "state.cache: '256MB' is not a size: write a whole number and a unit, one of B, KiB, MiB, GiB and TiB",
          "state.block_cache: '64' has no unit: write 64B, 64KiB or 64MiB",
          "model.device: 'gpu' is not allowed; did you mean 'cpu'? allowed are cpu, cuda or auto",
          "model.precision: 'int8' is not allowed: allowed are float32 or bfloat16",
          "model.batch.rows: '0' is out of range: allowed are 1 to 1000000",
          "model.batch.age: '2s' is out of range: allowed are 0 to 1s",
          "log.level: 'warning' is not allowed: allowed are trace, debug, info, warn, error or off",
          "log.format: '' is not allowed: allowed are text or json",
          "limits.record_bytes: '1TiB' is out of range: allowed are 64B to 64MiB",
          "epoch.interval: '99999999999999999999s' is not a duration: write a whole number and a unit, one of ms, "
          "s, m, h, d and w"));
  EXPECT_EQ(all_of(loaded.settings), all_of(Settings{}));
}

TEST(LoadSettings, ReportsListsThatAreNoHorizons) {
  const std::string allowed = "write 1 to 4 ascending whole numbers, each 1 to 365";
  const auto message = [](const std::string& text) { return messages(load_overrides({"horizons=" + text})); };
  EXPECT_THAT(message("14,7"), ElementsAre("horizons: not ascending: " + allowed));
  EXPECT_THAT(message("7,7"), ElementsAre("horizons: not ascending: " + allowed));
  EXPECT_THAT(message("[]"), ElementsAre("horizons: 0 numbers: " + allowed));
  EXPECT_THAT(message("1,2,3,4,5"), ElementsAre("horizons: 5 numbers: " + allowed));
  EXPECT_THAT(message("7,"), ElementsAre("horizons: '' is not a whole number"));
  EXPECT_THAT(message("0,7"), ElementsAre("horizons: '0' is out of range: allowed are " + allowed.substr(6)));
  EXPECT_THAT(messages(load_text(R"({"horizons": [7, [14]]})")),
              ElementsAre("horizons: expected a list of whole numbers such as [7, 14], got a list"));
}

TEST(LoadSettings, ReportsMappingsAndTopicsThatCannotBe) {
  const Loaded loaded = load_text(R"({
    "mapping": {"user_id": "", "category": "category", "event_type": "/a~2", "timestamp": null, "title": "~"},
    "topics": {"forecasts": "", "late": "no spaces", "dlq": "..", "drift": "ok", "sessions": ")" +
                                  std::string(250, 'a') + "\"}}");
  const std::string pointer = "write a JSON pointer such as /user/id";
  const std::string topic = "write 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'";
  EXPECT_THAT(messages(loaded),
              ElementsAre("mapping.user_id: must not be empty: " + pointer,
                          "mapping.category: 'category' is not a JSON pointer: " + pointer,
                          "mapping.event_type: '/a~2' is not a JSON pointer: " + pointer,
                          "mapping.timestamp: expected a string, got null",
                          "mapping.title: '~' is not a JSON pointer: " + pointer + ", or empty",
                          "topics.forecasts: must not be empty: " + topic,
                          "topics.late: 'no spaces' is not a topic name: " + topic,
                          "topics.dlq: '..' is not a topic name: " + topic,
                          "topics.sessions: '" + std::string(250, 'a') + "' is not a topic name: " + topic));
}

TEST(LoadSettings, ReportsKindsThatDoNotExist) {
  EXPECT_THAT(messages(load_text(R"({"kinds": {"names": {"like": "vew", "": "view", "love": 3, "look": "view"},
                                               "weights": {"cart": -1}}})")),
              ElementsAre("kinds.names.like: 'vew' is not allowed; did you mean 'view'? allowed are view, click, cart, "
                          "purchase, return or other",
                          "kinds.names.: the name of an event type must not be empty",
                          "kinds.names.love: expected a string, got a number",
                          "kinds.weights.cart: '-1' is out of range: allowed are 0 to 1000"));
  EXPECT_THAT(messages(load_overrides({"kinds.names=view"})),
              ElementsAre("kinds.names: expected an object of event type names and kinds such as {\"like\": "
                          "\"click\"}, got a string"));
}

TEST(LoadSettings, ReportsOverridesThatAreNone) {
  const Loaded loaded = load_overrides({"threads", "=4", "time=5m", "tme.step=1h", "threads.x=1", "", "time.=1h"});
  EXPECT_THAT(
      messages(loaded),
      ElementsAre("'threads': is not path=value, such as time.lateness=1h",
                  "'=4': is not path=value, such as time.lateness=1h",
                  "time: is a group of settings: one of step, offset, lateness, max_skew or dormant_after",
                  "tme: unknown key 'tme'; did you mean 'time'?", "threads: expected a whole number, got an object",
                  "'': is not path=value, such as time.lateness=1h",
                  "time.: unknown key '' in 'time'; allowed are step, offset, lateness, max_skew or dormant_after"));
}

TEST(LoadSettings, ReadsPropertiesOfTheKafkaClient) {
  const Environment environment = environment_of({{"PASSWORD", "canary"}});
  const std::vector<std::string> overrides = {"kafka.client.sasl.password=${PASSWORD}", "kafka.client.linger.ms=5",
                                              "kafka.client.linger.ms=7"};
  const Loaded loaded = load_settings(std::nullopt, overrides, environment);
  EXPECT_THAT(messages(loaded), IsEmpty());
  EXPECT_THAT(loaded.settings.pipeline.kafka.client.values,
              ElementsAre(Pair("sasl.password", "canary"), Pair("linger.ms", "7")));
  EXPECT_EQ(text_of(*find_field("kafka.client"), loaded.settings), "linger.ms=7,sasl.password=(secret)");
  EXPECT_EQ(configuration_file(loaded.settings).find("canary"), std::string::npos);
}

TEST(LoadSettings, RefusesPropertiesOfTheKafkaClientThatTheJobReliesOn) {
  EXPECT_THAT(messages(load_overrides({"kafka.client.isolation.level=read_uncommitted", "kafka.client.linger.m=5"})),
              ElementsAre("kafka.client.isolation.level: is no property of the Kafka client that may be set",
                          "kafka.client.linger.m: is no property of the Kafka client that may be set; did you mean "
                          "'linger.ms'?"));
}

TEST(LoadSettings, RefusesASecretThatIsWrittenDown) {
  for (const std::string text : {"canary", "${A}canary", "canary${A}", "$${A}", ""}) {
    EXPECT_THAT(
        messages(load_overrides({"kafka.client.ssl.key.password=" + text})),
        ElementsAre("kafka.client.ssl.key.password: is a secret: write ${NAME} or ${file:/path}, not the secret "
                    "itself"));
  }
}

TEST(LoadSettings, PutsTheModelsToWorkWhereSomebodyWantsWhatTheySay) {
  EXPECT_TRUE(load_overrides({"emit.forecasts=false"}).settings.operators.models);
  EXPECT_TRUE(load_overrides({"emit.drift=false"}).settings.operators.models);
  EXPECT_FALSE(load_overrides({"emit.forecasts=false", "emit.drift=false"}).settings.operators.models);
}

TEST(LoadSettings, RefusesTransactionsThatOutliveTheMembership) {
  EXPECT_THAT(
      messages(load_overrides({"kafka.client.session.timeout.ms=6000", "kafka.client.transaction.timeout.ms=6001"})),
      ElementsAre("kafka.client.transaction.timeout.ms: 6001 is longer than kafka.client.session.timeout.ms, "
                  "which is 6000: a dead instance's transaction would outlive its membership"));
  EXPECT_THAT(
      messages(load_overrides({"kafka.client.session.timeout.ms=6000", "kafka.client.transaction.timeout.ms=6000"})),
      ElementsAre());
}

TEST(LoadSettings, MakesTransactionsAsShortAsAMembershipThatIsSetToBeShort) {
  const auto transaction_ms = [](const std::vector<std::string>& overrides) {
    const Loaded loaded = load_overrides(overrides);
    EXPECT_THAT(messages(loaded), IsEmpty());
    return transaction_timeout_ms(loaded.settings.pipeline.kafka.client);
  };
  EXPECT_EQ(transaction_ms({}), 10'000);
  EXPECT_EQ(transaction_ms({"kafka.client.session.timeout.ms=5000"}), 5'000);
  EXPECT_EQ(transaction_ms({"kafka.client.session.timeout.ms=60000"}), 10'000);
  EXPECT_EQ(transaction_ms({"kafka.client.session.timeout.ms=5000", "kafka.client.transaction.timeout.ms=3000"}), 3000);
}

TEST(LoadSettings, RefusesToRunOnFilesAndOnKafkaTogether) {
  EXPECT_THAT(messages(load_overrides({"kafka.brokers=b:9092", "kafka.group=", "source.path=a", "sink.dir=out"})),
              ElementsAre("source.path: a job runs on files or, with kafka.brokers, on Kafka: leave one of the two out",
                          "sink.dir: is for a run on files; with kafka.brokers the outputs go to topics: leave it out",
                          "kafka.group: must not be empty: the offsets are kept under its name"));
}

TEST(LoadSettings, RefusesAnAddressThatIsNone) {
  EXPECT_THAT(messages(load_overrides({"http.listen=9464"})),
              ElementsAre("http.listen: '9464' is not host:port, such as 127.0.0.1:9464 or [::1]:9464"));
  EXPECT_THAT(messages(load_overrides({"http.listen=localhost:9464"})), IsEmpty());
}

TEST(LoadSettings, ReportsAKeyWrittenTwice) {
  EXPECT_THAT(messages(load_text(R"({"threads": 3, "time": {"step": "1h", "step": "2h"}, "threads": 4})")),
              ElementsAre("time.step: is written twice", "threads: is written twice"));
}

TEST(LoadSettings, ReportsSettingsThatContradictEachOther) {
  const Loaded loaded = load_overrides(
      {"session.gap=2h", "session.max=1h", "time.step=1h", "time.offset=-1h", "categories.max=4", "topics.late=same",
       "topics.dlq=same", "topics.drift=interest-forecasts", "kinds.weights.view=0", "kinds.weights.click=0",
       "kinds.weights.cart=0", "kinds.weights.purchase=0", "kinds.weights.return=0", "kinds.weights.other=0"});
  EXPECT_THAT(messages(loaded), ElementsAre("session.max: 1h is shorter than session.gap, which is 2h",
                                            "time.offset: -1h is not smaller than time.step, which is 1h",
                                            "categories.top: 8 is more than categories.max, which is 4",
                                            "kinds.weights: all are 0: at least one kind needs a weight above 0",
                                            "topics.dlq: 'same' is also topics.late: give each its own topic"));
}

TEST(LoadSettings, DoesNotCompareAFieldThatIsItselfWrong) {
  EXPECT_THAT(messages(load_overrides({"session.max=5", "session.gap=300d"})),
              ElementsAre("session.max: '5' has no unit: write 5s, 5m or 5h"));
}

TEST(LoadSettings, DescribesEachProblemOnALineWithItsPlace) {
  Loaded loaded = load_text(R"({
  "threads": 0,
  "time": {"lateness": 5},
  "session": {"gap": "2d"}})");
  const Loaded more = load_overrides({"level=2"});
  loaded.problems.insert(loaded.problems.end(), more.problems.begin(), more.problems.end());
  EXPECT_EQ(describe_problems(loaded.problems),
            "file:2:3: threads: '0' is out of range: allowed are 1 to 256\n"
            "file:3:12: time.lateness: '5' has no unit: write 5s, 5m or 5h\n"
            "session.max: 1d is shorter than session.gap, which is 2d\n"
            "--set: level: '2' is out of range: allowed are 0.5 to 0.99\n");
}

// Follows a JSON pointer without escapes or list indices, which is all that the examples use.
const Value* at(const Value& root, const std::string& pointer) {
  const Value* value = &root;
  for (const std::string& key : split(std::string_view(pointer).substr(1), '/')) {
    if (value != nullptr) value = value->find(key);
  }
  return value;
}

class Example : public testing::TestWithParam<std::string> {};

TEST_P(Example, LoadsAndFitsItsSampleRecords) {
  const std::string stem = "config/examples/" + GetParam();
  const Loaded loaded = load_settings(shipped_path(stem + ".json"), {}, kNoEnvironment);
  EXPECT_THAT(messages(loaded), IsEmpty());
  const FieldMap& mapping = loaded.settings.pipeline.mapping;
  std::istringstream lines(shipped_text(stem + ".sample.jsonl"));
  int records = 0;
  for (std::string line; std::getline(lines, line); ++records) {
    const auto read = read_json(line, "sample");
    ASSERT_TRUE(std::holds_alternative<Value>(read)) << line;
    const Value& record = std::get<Value>(read);
    for (const std::string* pointer :
         {&mapping.user_id, &mapping.item_id, &mapping.category, &mapping.timestamp, &mapping.event_id}) {
      EXPECT_THAT(at(record, *pointer), NotNull()) << *pointer << " in " << line;
    }
    const Value* event_type = at(record, mapping.event_type);
    ASSERT_THAT(event_type, NotNull());
    EXPECT_THAT(loaded.settings.pipeline.kinds.names, testing::Contains(testing::Key(event_type->text)));
    EXPECT_THAT(at(record, "/user_id"), IsNull()) << "the example should show other names than the default";
  }
  EXPECT_GE(records, 2);
}

INSTANTIATE_TEST_SUITE_P(Shipped, Example, testing::Values("shop", "cloudevents"),
                         [](const auto& instance) { return instance.param; });

}  // namespace
}  // namespace driftcast
