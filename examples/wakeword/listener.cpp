// SPDX-License-Identifier: Apache-2.0
#include "listener.h"

#include <algorithm>
#include <utility>

namespace wakeword {
namespace {

constexpr size_t kOverlapSamples = 480;  // windows of the spectrogram that begin in the last frame
constexpr size_t kBands = 32;
constexpr size_t kNewRows = 8;
constexpr size_t kRows = 76;
constexpr size_t kEmbedding = 96;
constexpr size_t kEmbeddings = 16;

// Drops the oldest elements of `history` for `news`; the size stays.
template <typename T>
void Append(const std::vector<T>& news, std::vector<T>* history) {
  std::shift_left(history->begin(), history->end(), static_cast<std::ptrdiff_t>(news.size()));
  std::copy(news.begin(), news.end(), history->end() - static_cast<std::ptrdiff_t>(news.size()));
}

// `count` copies of `piece`.
std::vector<float> Repeat(const std::vector<float>& piece, size_t count) {
  std::vector<float> result;
  for (size_t i = 0; i < count; ++i) result.insert(result.end(), piece.begin(), piece.end());
  return result;
}

}  // namespace

Listener::Listener(Network melspectrogram, Network embedding, Network classifier)
    : melspectrogram_(std::move(melspectrogram)),
      embedding_(std::move(embedding)),
      classifier_(std::move(classifier)),
      sound_(kOverlapSamples + kFrameSamples),
      rows_(kRows * kBands),
      embeddings_(kEmbeddings * kEmbedding) {}

std::optional<Listener> Listener::Load(nrt::Runtime& runtime, const std::string& directory,
                                       std::string* error) {
  std::optional<Network> melspectrogram =
      Network::Load(runtime, directory + "/melspectrogram.ncx", kOverlapSamples + kFrameSamples,
                    kNewRows * kBands, error);
  if (!melspectrogram) return std::nullopt;
  std::optional<Network> embedding =
      Network::Load(runtime, directory + "/embedding.ncx", kRows * kBands, kEmbedding, error);
  if (!embedding) return std::nullopt;
  std::optional<Network> classifier =
      Network::Load(runtime, directory + "/classifier.ncx", kEmbeddings * kEmbedding, 1, error);
  if (!classifier) return std::nullopt;
  return Listener(std::move(*melspectrogram), std::move(*embedding), std::move(*classifier));
}

std::string Listener::ComputeRows(std::vector<float>* rows) {
  std::string error = melspectrogram_.Run(sound_, rows);
  for (float& value : *rows) value = value / 10.0F + 2.0F;
  return error;
}

std::string Listener::HearSilence() {
  std::fill(sound_.begin(), sound_.end(), 0.0F);
  std::vector<float> rows;
  if (std::string error = ComputeRows(&rows); !error.empty()) return error;
  rows.resize(kBands);
  rows_ = Repeat(rows, kRows);
  std::vector<float> embedding;
  if (std::string error = embedding_.Run(rows_, &embedding); !error.empty()) return error;
  embeddings_ = Repeat(embedding, kEmbeddings);
  return "";
}

std::string Listener::Hear(std::span<const int16_t, kFrameSamples> samples, float* score) {
  Append(std::vector<float>(samples.begin(), samples.end()), &sound_);
  std::vector<float> rows;
  if (std::string error = ComputeRows(&rows); !error.empty()) return error;
  Append(rows, &rows_);
  std::vector<float> embedding;
  if (std::string error = embedding_.Run(rows_, &embedding); !error.empty()) return error;
  Append(embedding, &embeddings_);
  std::vector<float> output;
  std::string error = classifier_.Run(embeddings_, &output);
  if (error.empty()) *score = output[0];
  return error;
}

}  // namespace wakeword
