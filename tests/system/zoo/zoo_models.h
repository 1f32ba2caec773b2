// SPDX-License-Identifier: Apache-2.0
// The models of the zoo, all of which must run.
#ifndef NEURON_TESTS_SYSTEM_ZOO_ZOO_MODELS_H_
#define NEURON_TESTS_SYSTEM_ZOO_ZOO_MODELS_H_

namespace neuron::test {

inline constexpr const char* kZooModels[] = {
    "wakeword_melspectrogram",
    "wakeword_embedding",
    "wakeword_alexa",
    "streaming_wakeword_int8",
    "silero_vad",
    "kws_dscnn_int8",
    "resnet8_fp32",
    "resnet8_int8",
    "vww_mobilenet_fp32",
    "vww_mobilenet_int8",
    "anomaly_fp32",
    "anomaly_int8",
    "mobilenet_v1_025_128_uint8",
    "mobilenet_v1_025_224_fp32",
    "stories260k_t64",
    "movie_review",
    "g2p_encoder",
    "g2p_decoder",
    "lyragan_decoder",
    "hifigan_v2",
    "blazeface_front",
    "ultraface_rfb320",
    "ppocr_det",
    "ppocr_rec",
};

}  // namespace neuron::test

#endif  // NEURON_TESTS_SYSTEM_ZOO_ZOO_MODELS_H_
