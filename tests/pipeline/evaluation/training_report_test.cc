// A report stands alone, breaks on no text, and says the same everywhere.
#include "pipeline/evaluation/training_report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "pipeline/generator/random.h"

namespace driftcast {
namespace {

OutcomeScores some_scores(double base, double skill, std::uint64_t seed) {
  Random random(seed);
  std::vector<Prediction> predictions;
  for (int i = 0; i < 4000; ++i) {
    const double p = std::min(0.95, base * (0.2 + 1.6 * random.unit() * (random.chance(0.3) ? 2 : 1)));
    const double shown = std::min(0.99, p * (1 + (1 - skill) * (2 * random.unit() - 1)));
    predictions.push_back({shown, random.chance(p)});
  }
  return outcome_scores(predictions, best_f1_threshold(predictions));
}

UserTrace some_trace(std::size_t stratum, double level, std::uint64_t seed) {
  Random random(seed);
  UserTrace trace;
  trace.stratum = stratum;
  trace.first = 20'280;
  for (Step step = trace.first; step + 7 <= 20'364; ++step) {
    const double mean = level * (1 + 0.25 * std::sin(static_cast<double>(step) / 7.0));
    const double spread = 1.3 * std::sqrt(mean) + 0.1 * mean;
    trace.came.push_back(std::max(0.0, std::round(mean + spread * 1.6 * (random.unit() - 0.5))));
    if (level < 2 && random.chance(0.7)) continue;
    trace.points.push_back(
        {step, mean, std::max(0.0, std::round(mean - spread)), std::round(mean + spread), trace.came.back()});
  }
  return trace;
}

ColumnScore some_column(double error, std::int64_t count) {
  const auto n = static_cast<double>(count);
  return {
      .absolute = 0.7 * error * n, .squared = error * error * n, .log_score = std::log(1 + error) * n, .count = count};
}

Evaluation some_evaluation(const std::vector<int>& horizons, bool network) {
  Evaluation evaluation;
  evaluation.horizons = horizons;
  evaluation.scores.resize(horizons.size());
  for (std::size_t slot = 0; slot < horizons.size(); ++slot) {
    for (std::size_t stratum = 0; stratum < kStrata; ++stratum) {
      HorizonScore& score = evaluation.scores[slot][stratum];
      const double error = 0.3 * std::pow(4.0, static_cast<double>(stratum)) * std::sqrt(horizons[slot]);
      const auto count = static_cast<std::int64_t>(1200 * (kStrata - stratum));
      for (std::size_t c = 0; c < kColumns; ++c) {
        if (column_name(c) == "lstm" && !network) continue;
        score.columns[c] = some_column(error * (1 + 0.013 * static_cast<double>(c)), count);
      }
      if (network) score.columns[0] = some_column(error * 0.97, count);
      score.all = {count * 9 / 10 + 20, count, 4.0 * static_cast<double>(count)};
    }
  }
  return evaluation;
}

TrainingReport full_report() {
  TrainingReport report;
  report.model = "shop-2026";
  report.data = "events.jsonl.gz";
  report.first = 20'000;
  report.split = {20'219, 20'279, 20'364};
  report.events = 1'204'311;
  report.users = 18'422;
  report.network = "LSTM, 2 layers of 128";
  for (int epoch = 1; epoch <= 23; ++epoch) {
    const double loss = 1.26 + 0.45 * std::exp(-epoch / 4.0) + 0.0016 * std::abs(epoch - 18);
    report.validation_losses.push_back(static_cast<float>(loss));
  }
  report.best_epoch = 18;
  report.train_loss = 1.21;
  report.validation_loss = 1.26;
  report.level_loss = 1.52;
  const std::vector<int> horizons = {7, 14, 30};
  for (const int horizon : horizons) {
    const auto seed = static_cast<std::uint64_t>(horizon);
    const BesideBaseline purchase{some_scores(0.13, 0.9, seed), some_scores(0.13, 0.3, seed)};
    const BesideBaseline churn{some_scores(0.3, 0.9, seed + 1), some_scores(0.3, 0.2, seed + 1)};
    const BesideBaseline dense{some_scores(0.5, 0.6, seed + 2), some_scores(0.5, 0.4, seed + 2)};
    report.result.probabilities.push_back({horizon, {purchase, {purchase, {}, dense}}, {churn, {churn, churn, churn}}});
  }
  report.result.volume = some_evaluation(horizons, true);
  report.without = some_evaluation(horizons, false);
  report.result.traces = {some_trace(2, 42, 1), some_trace(1, 7, 2), some_trace(0, 1.2, 3)};
  report.rmse_ratio = RatioInterval{0.971, 0.962, 0.981};
  report.log_score_ratio = RatioInterval{0.982, 0.977, 0.988};
  report.to_best = {
      {"all", 7200, ToBestPart{"lstm", {0.994, 0.971, 1.012}}, ToBestPart{"lstm", {0.997, 0.993, 1.001}}},
      {"dense", 1200, ToBestPart{"arima", {1.021, 0.884, 1.163}}, ToBestPart{"ewma_slow", {1.002, 0.991, 1.013}}}};
  return report;
}

// What a training without a network and without purchases leaves.
TrainingReport bare_report() {
  TrainingReport report = full_report();
  report.network.clear();
  report.validation_losses.clear();
  report.best_epoch = 0;
  report.without.reset();
  report.rmse_ratio.reset();
  report.log_score_ratio.reset();
  report.to_best.clear();
  report.result.traces.clear();
  for (ProbabilityScores& scores : report.result.probabilities) scores = {scores.horizon, {}, {}};
  report.result.volume = some_evaluation({7, 14, 30}, false);
  return report;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

// Elements that are opened and never closed, or the other way round.
std::vector<std::string> unbalanced_tags(const std::string& html) {
  std::vector<std::string> open;
  for (std::size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const std::size_t end = html.find('>', at);
    const std::string tag = html.substr(at + 1, html.find_first_of(" >/", at + 2) - at - 1);
    if (tag == "!DOCTYPE" || tag == "meta" || html[end - 1] == '/') continue;
    if (!tag.starts_with('/')) {
      open.push_back(tag);
    } else if (!open.empty() && open.back() == tag.substr(1)) {
      open.pop_back();
    } else {
      open.push_back(tag);
      return open;
    }
  }
  return open;
}

TEST(TrainingReport, SaysInAllItsFormsHowTheJointForecastStandsToTheBestOfItsParts) {
  const TrainingReport report = full_report();
  for (const std::string& text : {training_html(report), training_table(report)}) {
    EXPECT_TRUE(has(text, "1.021 of arima (0.884 to 1.163)")) << text;
    EXPECT_TRUE(has(text, "1.002 of ewma_slow (0.991 to 1.013)"));
  }
  const auto card = nlohmann::json::parse(training_card_json(report));
  ASSERT_EQ(card["joint_to_best_part"].size(), 2U);
  const auto dense = card["joint_to_best_part"][1];
  EXPECT_EQ(dense["stratum"], "dense");
  EXPECT_EQ(dense["forecasts"], 1200);
  EXPECT_EQ(dense["rmse"], nlohmann::json::parse(R"({"part":"arima","ratio":1.021,"low":0.884,"high":1.163})"));
  EXPECT_EQ(dense["log_score"]["high"], 1.013);
  EXPECT_FALSE(has(training_html(bare_report()), "est of its parts"));
}

TEST(TrainingReport, IsAPageThatStandsAlone) {
  const std::string html = training_html(full_report());
  for (const char* foreign : {"<script", "http", "src=", "@import", "url(", "<link"}) {
    EXPECT_FALSE(has(html, foreign)) << foreign;
  }
  EXPECT_EQ(unbalanced_tags(html), std::vector<std::string>{});
  EXPECT_LT(html.size(), 100'000U);
  if (const char* path = std::getenv("DRIFTCAST_KEEP_REPORT")) std::ofstream(path) << html;  // to be looked at
}

TEST(TrainingReport, HasEveryPicture) {
  const std::string html = training_html(full_report());
  for (const char* title : {"A typical dense user", "A typical medium user", "A typical sparse user",
                            "Calibration, 7 steps", "Purchase within 7 steps: ROC", "Training, best epoch 18"}) {
    EXPECT_TRUE(has(html, title)) << title;
  }
  EXPECT_TRUE(has(html, "2024-10-04 to 2025-05-11")) << "2024-10-04 to 2025-05-11";
}

TEST(TrainingReport, OfAModelWithoutNetworkOrPurchasesLeavesOutWhatIsNotThere) {
  const std::string html = training_html(bare_report());
  EXPECT_EQ(unbalanced_tags(html), std::vector<std::string>{});
  EXPECT_TRUE(has(html, "has not learned from purchases")) << "has not learned from purchases";
  EXPECT_FALSE(has(html, "<figure>")) << "<figure>";
  EXPECT_FALSE(has(html, "nan")) << "nan";
  EXPECT_TRUE(has(html, "7 steps, dense")) << "7 steps, dense";
  const auto card = nlohmann::json::parse(training_card_json(bare_report()));
  EXPECT_FALSE(card.contains("purchase"));
  EXPECT_FALSE(card.contains("training"));
}

TEST(TrainingReport, TextsCannotBecomeMarkup) {
  TrainingReport report = full_report();
  report.model = "<b>\"a'&";
  report.data = "</style><script>alert(1)</script>";
  const std::string html = training_html(report);
  EXPECT_TRUE(has(html, "&lt;b&gt;&quot;a&#39;&amp;")) << "&lt;b&gt;&quot;a&#39;&amp;";
  EXPECT_FALSE(has(html, "<script")) << "<script";
  EXPECT_EQ(unbalanced_tags(html), std::vector<std::string>{});
}

TEST(TrainingReport, IsTheSameEveryTime) {
  EXPECT_EQ(training_html(full_report()), training_html(full_report()));
  EXPECT_EQ(training_table(full_report()), training_table(full_report()));
  EXPECT_EQ(training_card_json(full_report()), training_card_json(full_report()));
}

TEST(TrainingReport, TheCardSaysWhatTheScoresSay) {
  const TrainingReport report = full_report();
  const auto card = nlohmann::json::parse(training_card_json(report));
  const ProbabilityScores& first = report.result.probabilities[0];
  ASSERT_EQ(card["purchase"].size(), 3U);
  EXPECT_EQ(card["purchase"][0]["horizon"], 7);
  EXPECT_NEAR(card["purchase"][0]["auc"], first.purchase.all.network.auc.value(), 1e-5);
  EXPECT_NEAR(card["purchase"][0]["baseline"]["at_best"]["f1"], first.purchase.all.baseline.at_best.f1, 1e-5);
  EXPECT_NEAR(card["churn"][2]["brier"], report.result.probabilities[2].churn.all.network.brier, 1e-5);
  const auto& strata = card["purchase"][0]["strata"];
  ASSERT_EQ(strata.size(), 2U) << "those with forecasts";
  EXPECT_EQ(strata[0]["stratum"], "dense");
  EXPECT_EQ(strata[1]["stratum"], "sparse");
  EXPECT_NEAR(strata[0]["auc"], first.purchase.each[2].network.auc.value(), 1e-5);
  EXPECT_NEAR(strata[0]["baseline"]["at_best"]["recall"], first.purchase.each[2].baseline.at_best.recall, 1e-5);
  ASSERT_EQ(card["volume"].size(), 9U);
  EXPECT_EQ(card["volume"][0]["stratum"], "dense");
  EXPECT_NEAR(card["volume"][0]["columns"]["joint"]["rmse"], report.result.volume.scores[0][2].columns[0].rmse(), 1e-4);
  EXPECT_TRUE(card["volume"][0]["columns"].contains("joint_without_lstm"));
  EXPECT_EQ(card["training"]["best_epoch"], 18);
  EXPECT_NEAR(card["training"]["validation_loss"], report.validation_loss, 1e-5);
}

TEST(TrainingReport, TheTableNamesEveryModelAndFitsATerminal) {
  const std::string table = training_table(full_report());
  for (const char* name : {"network", "network, dense", "baseline, sparse", "baseline", "arima", "ewma_slow", "lstm",
                           "joint_without_lstm", "joint"}) {
    EXPECT_TRUE(has(table, std::string("  ") + name + " ")) << name;
  }
  for (std::size_t begin = 0; begin < table.size();) {
    const std::size_t end = table.find('\n', begin);
    EXPECT_LE(end - begin, 100U) << table.substr(begin, end - begin);
    begin = end + 1;
  }
}

TEST(TrainingReport, ANetworkNoBetterThanTheLevelIsWarnedOf) {
  TrainingReport report = full_report();
  EXPECT_FALSE(has(training_table(report), "WARNING"));
  report.validation_loss = report.level_loss;
  EXPECT_TRUE(has(training_table(report), "WARNING: the network is no better than the level alone"));
}

TEST(TrainingReport, HorizonsThatTheNetworkHasNotLearnedAreNamed) {
  TrainingReport report = full_report();
  report.unlearned = {30};
  EXPECT_TRUE(has(training_table(report), "30 steps are left to the other models"));
}

TEST(TrainingReport, StepsAreDatesWithTheTimeWhereTheyAreShort) {
  EXPECT_EQ(step_text(StepGrid{}, 20'000), "2024-10-04");
  EXPECT_EQ(step_text(StepGrid{std::chrono::hours{1}, Duration{0}}, 20'000 * 24 + 7), "2024-10-04 07:00");
}

TEST(TrainingReport, AUserWithASingleForecastIsDrawn) {
  TrainingReport report = full_report();
  report.result.traces[0].points.resize(1);
  const std::string html = training_html(report);
  EXPECT_FALSE(has(html, "nan")) << "nan";
  EXPECT_TRUE(has(html, "A typical dense user")) << "A typical dense user";
}

}  // namespace
}  // namespace driftcast
