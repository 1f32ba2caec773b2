/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a compiled classifier on one input and prints the class with the largest score.
 *
 *   classify MODEL.ncx INPUT.bin [DEVICE]
 *
 * INPUT.bin holds the elements of the model's first input as they are in memory. */
#include <neuron/nrt.h>
#include <stdio.h>
#include <stdlib.h>

/* Prints why a call failed; true when it did. */
static int failed(const char* what, nrt_status status) {
  if (status == NRT_SUCCESS) return 0;
  fprintf(stderr, "%s: %s: %s\n", what, nrt_status_name(status), nrt_last_error());
  return 1;
}

static double element(const void* data, nrt_dtype dtype, size_t index) {
  switch (dtype) {
    case NRT_DTYPE_FLOAT32:
      return ((const float*)data)[index];
    case NRT_DTYPE_INT8:
      return ((const int8_t*)data)[index];
    case NRT_DTYPE_UINT8:
      return ((const uint8_t*)data)[index];
    case NRT_DTYPE_INT32:
      return ((const int32_t*)data)[index];
    default:
      return 0;
  }
}

static void print_best(const void* scores, const nrt_tensor_info* info) {
  size_t count = 1;
  size_t best = 0;
  for (uint32_t i = 0; i < info->rank; ++i) count *= (size_t)info->shape[i];
  for (size_t i = 1; i < count; ++i) {
    if (element(scores, info->dtype, i) > element(scores, info->dtype, best)) best = i;
  }
  printf("class %zu, score %g\n", best, element(scores, info->dtype, best));
}

/* The first `size` bytes of a file; NULL when it cannot be read. The caller frees them. */
static void* read_file(const char* path, size_t size) {
  FILE* file = fopen(path, "rb");
  void* data = malloc(size);
  if (file == NULL || data == NULL || fread(data, 1, size, file) != size) {
    fprintf(stderr, "%s does not hold %zu bytes\n", path, size);
    free(data);
    data = NULL;
  }
  if (file != NULL) fclose(file);
  return data;
}

/* Everything that needs the model; handles are given back at the end on every path. */
static int classify(nrt_runtime* runtime, nrt_model* model, const char* input_path) {
  nrt_tensor_info in = {.struct_size = sizeof(in)};
  nrt_tensor_info out = {.struct_size = sizeof(out)};
  nrt_execution_stats stats = {.struct_size = sizeof(stats)};
  nrt_tensor* input = NULL;
  nrt_tensor* output = NULL;
  nrt_tensor_set* inputs = NULL;
  nrt_tensor_set* outputs = NULL;
  void* data = NULL;
  void* scores = NULL;
  int result = 1;
  if (failed("input", nrt_get_model_tensor_info(model, NRT_TENSOR_INPUT, 0, &in)) ||
      failed("output", nrt_get_model_tensor_info(model, NRT_TENSOR_OUTPUT, 0, &out)) ||
      failed("allocate", nrt_allocate_tensor(runtime, in.size, &input)) ||
      failed("allocate", nrt_allocate_tensor(runtime, out.size, &output)) ||
      failed("set", nrt_allocate_tensor_set(&inputs)) ||
      failed("set", nrt_allocate_tensor_set(&outputs)) ||
      failed("bind", nrt_add_tensor_to_set(inputs, in.name, input)) ||
      failed("bind", nrt_add_tensor_to_set(outputs, out.name, output))) {
    goto end;
  }
  data = read_file(input_path, in.size);
  scores = malloc(out.size);
  if (data == NULL || scores == NULL ||
      failed("write", nrt_tensor_write(input, data, 0, in.size)) ||
      failed("execute", nrt_execute(model, inputs, outputs, NULL)) ||
      failed("read", nrt_tensor_read(output, scores, 0, out.size)) ||
      failed("stats", nrt_get_execution_stats(model, &stats))) {
    goto end;
  }
  print_best(scores, &out);
  printf("%llu cycles (%s)\n", (unsigned long long)stats.cycles,
         stats.cycles_measured ? "measured" : "modelled");
  result = 0;
end:
  free(scores);
  free(data);
  nrt_free_tensor_set(outputs);
  nrt_free_tensor_set(inputs);
  nrt_free_tensor(output);
  nrt_free_tensor(input);
  return result;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s MODEL.ncx INPUT.bin [DEVICE]\n", argv[0]);
    return 2;
  }
  nrt_runtime* runtime = NULL;
  nrt_model* model = NULL;
  int result = 1;
  if (!failed("open", nrt_init(argc > 3 ? argv[3] : NULL, &runtime)) &&
      !failed("load", nrt_load_file(runtime, argv[1], &model))) {
    result = classify(runtime, model, argv[2]);
  }
  nrt_unload(model);
  nrt_close(runtime);
  return result;
}
