// SPDX-License-Identifier: Apache-2.0
// The models of the zoo that must run.
#ifndef NEURON_TESTS_SYSTEM_ZOO_ZOO_MODELS_H_
#define NEURON_TESTS_SYSTEM_ZOO_ZOO_MODELS_H_

namespace neuron::test {

inline constexpr const char* kZooModels[] = {
    "wakeword_melspectrogram",
    "wakeword_embedding",
    "wakeword_alexa",
    "anomaly_fp32",
    "anomaly_int8",
    "resnet8_fp32",
    "resnet8_int8",
    "kws_dscnn_int8",
};

}  // namespace neuron::test

#endif  // NEURON_TESTS_SYSTEM_ZOO_ZOO_MODELS_H_
