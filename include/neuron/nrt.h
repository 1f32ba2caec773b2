/* SPDX-License-Identifier: Apache-2.0 */
/* libnrt: loads compiled kernel packages (.ncx) onto a NeuronCore device and runs them.
 *
 *   nrt_init("functional", &runtime);           open a device
 *   nrt_load_file(runtime, "m.ncx", &model);    verify a package and put it on the device
 *   nrt_allocate_tensor(runtime, bytes, &t);    device memory for inputs and outputs
 *   nrt_tensor_write, nrt_execute, nrt_tensor_read
 *
 * Every function that can fail returns an nrt_status; nrt_last_error() then explains it in words.
 * No function ends the process or throws. All functions may be called from any thread; work on one
 * runtime is done one execution at a time. A handle must not be used after it was given back.
 * Structures begin with struct_size, which the caller sets to sizeof(the structure): fields that a
 * later version adds at the end are then left alone.
 */
#ifndef NEURON_NRT_H_
#define NEURON_NRT_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define NRT_API __attribute__((visibility("default")))
#else
#define NRT_API
#endif

#define NRT_VERSION_MAJOR 0
#define NRT_VERSION_MINOR 3
#define NRT_VERSION_PATCH 0

typedef enum nrt_status {
  NRT_SUCCESS = 0,
  NRT_INVALID_ARGUMENT = 1,    /* the caller passed something that can never work */
  NRT_NOT_FOUND = 2,           /* a file, tensor, device or configuration does not exist */
  NRT_UNSUPPORTED = 3,         /* well-formed, but not for this device or version */
  NRT_DATA_CORRUPT = 4,        /* a package or a frame fails its checks */
  NRT_RESOURCE_EXHAUSTED = 5,  /* out of device or host memory */
  NRT_FAILED_PRECONDITION = 6, /* not allowed in this state, such as after nrt_close */
  NRT_TIMEOUT = 7,             /* the program hung; the message holds the hang report */
  NRT_EXECUTION_ERROR = 8,     /* the device stopped the program; the message holds the record */
  NRT_DEVICE_LOST = 9,         /* the device went away */
  NRT_IO_ERROR = 10,           /* the host's file system or a library refused */
  NRT_INTERNAL = 11,           /* a bug in this library */
  NRT_NOT_READY = 12,          /* nrt_wait: still running, wait again */
  NRT_CANCELLED = 13           /* nrt_cancel ended the execution */
} nrt_status;

/* Element types, with the numbers of ONNX. */
typedef enum nrt_dtype {
  NRT_DTYPE_FLOAT32 = 1,
  NRT_DTYPE_UINT8 = 2,
  NRT_DTYPE_INT8 = 3,
  NRT_DTYPE_INT16 = 5,
  NRT_DTYPE_INT32 = 6,
  NRT_DTYPE_INT64 = 7,
  NRT_DTYPE_BOOL = 9,
  NRT_DTYPE_FLOAT16 = 10,
  NRT_DTYPE_FLOAT64 = 11,
  NRT_DTYPE_BFLOAT16 = 16
} nrt_dtype;

/* State tensors stay on the device from one execution to the next: see "State" below. */
typedef enum nrt_tensor_usage {
  NRT_TENSOR_INPUT = 0,
  NRT_TENSOR_OUTPUT = 1,
  NRT_TENSOR_STATE = 2
} nrt_tensor_usage;

/* Instruction queues, as indices of nrt_execution_stats.queue. */
enum {
  NRT_QUEUE_TENSOR = 0,
  NRT_QUEUE_VECTOR = 1,
  NRT_QUEUE_SCALAR = 2,
  NRT_QUEUE_DMA0 = 3,
  NRT_QUEUE_DMA1 = 4,
  NRT_NUM_QUEUES = 5
};

typedef struct nrt_runtime nrt_runtime;       /* an open device */
typedef struct nrt_model nrt_model;           /* a package on it */
typedef struct nrt_tensor nrt_tensor;         /* a piece of its memory */
typedef struct nrt_tensor_set nrt_tensor_set; /* tensors by name */
typedef struct nrt_state nrt_state;           /* what a model remembers of one stream */
typedef struct nrt_execution nrt_execution;   /* an asynchronous execution */

typedef struct nrt_version {
  size_t struct_size;
  uint32_t major;
  uint32_t minor;
  uint32_t patch;
  uint32_t isa_version; /* of packages that this library loads */
  uint32_t isa_hash;
} nrt_version;

#define NRT_MAX_NAME 256
#define NRT_MAX_DIMS 8

typedef struct nrt_device_info {
  size_t struct_size;
  char description[NRT_MAX_NAME];
  char configuration[NRT_MAX_NAME];
  uint32_t isa_version;
  uint32_t isa_hash;
  uint32_t cores;
  uint32_t partitions;      /* rows and columns of the tensor engine */
  uint64_t dram_bytes;      /* in all */
  uint64_t dram_free_bytes; /* not allocated; may be in several pieces */
  int32_t measures_cycles;  /* 1: cycles are counted; 0: they come from a model */
} nrt_device_info;

typedef struct nrt_model_info {
  size_t struct_size;
  char name[NRT_MAX_NAME];
  char configuration[NRT_MAX_NAME];
  uint32_t launches;         /* of the core, in one execution */
  uint32_t host_operators;   /* operators that no engine runs */
  uint64_t macs;             /* useful multiply-accumulates of one execution */
  uint64_t estimated_cycles; /* by the compiler */
  uint64_t device_bytes;     /* memory it holds on the device */
  uint64_t resident_bytes;   /* of weights that stay in SBUF between executions */
} nrt_model_info;

typedef struct nrt_tensor_info {
  size_t struct_size;
  char name[NRT_MAX_NAME];
  nrt_tensor_usage usage;
  nrt_dtype dtype;
  uint32_t rank;
  int64_t shape[NRT_MAX_DIMS];
  size_t size;       /* bytes: what to pass to nrt_allocate_tensor */
  int32_t quantized; /* 1: real = (stored - zero_point) * scale, for the whole tensor */
  float scale;
  int32_t zero_point;
} nrt_tensor_info;

typedef struct nrt_execute_options {
  size_t struct_size;
  uint64_t timeout_ms;      /* wall-clock limit of one launch; 0: NRT_DEFAULT_TIMEOUT_MS */
  uint32_t watchdog_cycles; /* cycles without a finished instruction; 0: the default */
  nrt_state* state;         /* read and replaced by the execution; NULL: the model's own */
} nrt_execute_options;

#define NRT_DEFAULT_TIMEOUT_MS 600000u
#define NRT_DEFAULT_WATCHDOG_CYCLES 2000000u

/* Cycles unless said otherwise. */
typedef struct nrt_queue_stats {
  uint64_t busy;            /* the engine has an instruction */
  uint64_t stall_semaphore; /* idle, waiting for another queue */
  uint64_t stall_bank;      /* busy, refused by a memory bank */
  uint64_t stall_fetch;     /* idle, waiting for an instruction */
  uint64_t stall_memory;    /* busy, waiting for external memory */
  uint64_t instructions;    /* number finished */
  uint64_t bytes_read;      /* from DRAM */
  uint64_t bytes_written;   /* to DRAM */
} nrt_queue_stats;

typedef struct nrt_execution_stats {
  size_t struct_size;
  uint64_t cycles;         /* of the core, all launches */
  int32_t cycles_measured; /* 1: counted by hardware or RTL; 0: estimated by a model */
  uint32_t launches;
  uint32_t host_operators; /* that ran on the host */
  uint32_t sticky;         /* bit 0: NaN or infinity entered the array; bit 1: INT32 wrapped */
  uint64_t macs;           /* useful multiply-accumulates */
  double utilization;      /* macs / (partitions^2 * cycles) */
  uint64_t dram_bytes_read;
  uint64_t dram_bytes_written;
  double device_seconds; /* wall-clock time of the launches */
  double host_seconds;   /* wall-clock time of host operators */
  double total_seconds;  /* wall-clock time of the execution */
  double simulated_khz;  /* cycles / device_seconds / 1000 */
  uint32_t findings;     /* strict mode: see nrt_get_execution_findings */
  nrt_queue_stats queue[NRT_NUM_QUEUES];
  int32_t weights_resident; /* 1: those that stay in SBUF were there and were not read again */
} nrt_execution_stats;

/* ---- Library ---- */

/* "NRT_SUCCESS" and so on; never NULL. */
NRT_API const char* nrt_status_name(nrt_status status);
/* Why the last call of this thread failed: what, on what, and what would work. "" after a success.
 * Valid until the next call of this thread. */
NRT_API const char* nrt_last_error(void);
NRT_API nrt_status nrt_get_version(nrt_version* version);

/* ---- Devices ---- */

/* Opens a device, such as "functional", "functional:tiny" or "rtl:sim?latency=60". NULL: the value
 * of the environment variable NEURON_DEVICE, or "functional". */
NRT_API nrt_status nrt_init(const char* device, nrt_runtime** runtime);
/* Waits for running executions, closes the device and gives the handle back. Models and tensors
 * that are still held must be given back too, but all else on them fails. NULL is allowed. */
NRT_API nrt_status nrt_close(nrt_runtime* runtime);
NRT_API nrt_status nrt_get_device_info(nrt_runtime* runtime, nrt_device_info* info);

/* ---- Models ---- */

/* Verifies a package and writes it to the device. NRT_UNSUPPORTED when it was compiled for another
 * configuration or ISA version than the device has. The bytes are not used after the call. */
NRT_API nrt_status nrt_load(nrt_runtime* runtime, const void* bytes, size_t size,
                            nrt_model** model);
NRT_API nrt_status nrt_load_file(nrt_runtime* runtime, const char* path, nrt_model** model);
/* Running executions of the model go on to their end. NULL is allowed. */
NRT_API nrt_status nrt_unload(nrt_model* model);
NRT_API nrt_status nrt_get_model_info(nrt_model* model, nrt_model_info* info);
NRT_API nrt_status nrt_get_model_tensor_count(nrt_model* model, nrt_tensor_usage usage,
                                              size_t* count);
/* Tensors of a usage in the model's order. */
NRT_API nrt_status nrt_get_model_tensor_info(nrt_model* model, nrt_tensor_usage usage, size_t index,
                                             nrt_tensor_info* info);

/* ---- Tensors ---- */

/* Device memory, set to zero. */
NRT_API nrt_status nrt_allocate_tensor(nrt_runtime* runtime, size_t size, nrt_tensor** tensor);
/* The memory is kept while an execution uses it. NULL is allowed. */
NRT_API nrt_status nrt_free_tensor(nrt_tensor* tensor);
NRT_API nrt_status nrt_tensor_size(nrt_tensor* tensor, size_t* size);
NRT_API nrt_status nrt_tensor_write(nrt_tensor* tensor, const void* data, size_t offset,
                                    size_t size);
NRT_API nrt_status nrt_tensor_read(nrt_tensor* tensor, void* data, size_t offset, size_t size);

/* ---- State ---- */

/* A model compiled with state tensors (`neuron compile --state INPUT=OUTPUT`) reads them at the
 * start of an execution and replaces them at its end, all on the device. An nrt_state holds them
 * for one stream of executions, such as one microphone; a model can serve any number of streams.
 * `index` counts the model's tensors of usage NRT_TENSOR_STATE. An execution that fails or is
 * cancelled leaves the state as it was before. */

/* A state of the model's with all tensors zero. */
NRT_API nrt_status nrt_allocate_state(nrt_model* model, nrt_state** state);
/* A handle on the state of executions that name none; to be given back with nrt_free_state. */
NRT_API nrt_status nrt_get_model_state(nrt_model* model, nrt_state** state);
/* The memory is kept while an execution uses it. NULL is allowed. */
NRT_API nrt_status nrt_free_state(nrt_state* state);
/* Sets all tensors to zero, as when it was made. */
NRT_API nrt_status nrt_state_reset(nrt_state* state);
/* `size` bytes from byte `offset` of a tensor. Executions that were queued earlier may still run:
 * wait for them first. */
NRT_API nrt_status nrt_state_read(nrt_state* state, size_t index, void* data, size_t offset,
                                  size_t size);
NRT_API nrt_status nrt_state_write(nrt_state* state, size_t index, const void* data, size_t offset,
                                   size_t size);

/* ---- Tensor sets ---- */

NRT_API nrt_status nrt_allocate_tensor_set(nrt_tensor_set** set);
/* Tensors of the set are not freed. NULL is allowed. */
NRT_API nrt_status nrt_free_tensor_set(nrt_tensor_set* set);
/* Binds a name to a tensor, replacing an earlier binding. The set keeps the memory alive. */
NRT_API nrt_status nrt_add_tensor_to_set(nrt_tensor_set* set, const char* name, nrt_tensor* tensor);

/* ---- Execution ---- */

/* Runs the model once. The sets bind every input and output of the model by name to a tensor of at
 * least its size; a tensor may be bound once. `options` may be NULL. After any error the
 * device, the model and the tensors are usable; outputs are then undefined.
 *
 * A model compiled with --resident-weights keeps weights in the core's SBUF from one execution to
 * the next, without any call: its first execution reads them from DRAM, and so does one that comes
 * after another model's execution or after one that failed or was cancelled; others find them there
 * and take fewer cycles (nrt_execution_stats.weights_resident). Results are the same, bit for bit.
 */
NRT_API nrt_status nrt_execute(nrt_model* model, nrt_tensor_set* inputs, nrt_tensor_set* outputs,
                               const nrt_execute_options* options);
/* Checks the arguments, queues the execution and returns. Executions of a runtime run in order. */
NRT_API nrt_status nrt_execute_async(nrt_model* model, nrt_tensor_set* inputs,
                                     nrt_tensor_set* outputs, const nrt_execute_options* options,
                                     nrt_execution** execution);
/* The execution's own status once it has ended; NRT_NOT_READY when it has not after timeout_ms. */
NRT_API nrt_status nrt_wait(nrt_execution* execution, uint64_t timeout_ms);
/* Asks the execution to end early and returns. nrt_wait then gives NRT_CANCELLED, at once when it
 * had not begun, else as soon as the device has stopped; or the execution's own status when it
 * ended first. Outputs of a cancelled execution are undefined, states are as before it, and the
 * device is usable. */
NRT_API nrt_status nrt_cancel(nrt_execution* execution);
/* Gives the handle back; an execution that runs goes on. NULL is allowed. */
NRT_API nrt_status nrt_free_execution(nrt_execution* execution);
/* Of the model's last execution that reached the device, also when it failed. */
NRT_API nrt_status nrt_get_execution_stats(nrt_model* model, nrt_execution_stats* stats);
/* What strict mode found in the last execution, a line each. Writes at most `size` bytes with a
 * final zero and stores the bytes needed in *needed. */
NRT_API nrt_status nrt_get_execution_findings(nrt_model* model, char* text, size_t size,
                                              size_t* needed);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* NEURON_NRT_H_ */
