// What the C library's allocator has given out, as an addon for Node. Declared by hand: the headers of Node-API are not
// everywhere where there is a Node. Sources: mallinfo(3), malloc_trim(3), https://nodejs.org/api/n-api.html.

#include <malloc.h>
#include <stddef.h>

typedef void* napi_env;
typedef void* napi_value;
typedef void* napi_callback_info;
typedef napi_value (*napi_callback)(napi_env env, napi_callback_info info);

int napi_create_double(napi_env env, double value, napi_value* result);
int napi_create_function(napi_env env, const char* name, size_t length, napi_callback callback, void* data,
                         napi_value* result);
int napi_set_named_property(napi_env env, napi_value object, const char* name, napi_value value);

// Bytes that somebody has and has not freed, in all arenas and outside of them.
static napi_value in_use(napi_env env, napi_callback_info info) {
  (void)info;
  struct mallinfo2 now = mallinfo2();
  napi_value result = NULL;
  napi_create_double(env, (double)(now.uordblks + now.hblkhd), &result);
  return result;
}

// Gives the pages of what was freed back to the kernel.
static napi_value trim(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  malloc_trim(0);
  return NULL;
}

static void add(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function;
  if (napi_create_function(env, name, (size_t)-1, callback, NULL, &function) == 0)
    napi_set_named_property(env, exports, name, function);
}

__attribute__((visibility("default"))) napi_value napi_register_module_v1(napi_env env, napi_value exports) {
  add(env, exports, "inUse", in_use);
  add(env, exports, "trim", trim);
  return exports;
}
