{
  "variables": {
    "addon_sources": [
      "native/addon.cc"
    ],
    "child_sources": [],
    "init_sources": [],
    "addon_defines": [
      "NAPI_VERSION=9",
      "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
      "NODE_ADDON_API_DISABLE_DEPRECATED",
      "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
    ],
    "init_cflags": [
      "-ffreestanding",
      "-fno-pic",
      "-fno-pie",
      "-fno-stack-protector",
      "-U_FORTIFY_SOURCE",
      "-fno-asynchronous-unwind-tables",
      "-fcf-protection=none"
    ],
    "init_ldflags": [
      "-static",
      "-no-pie",
      "-nostdlib",
      "-Wl,--gc-sections",
      "-Wl,-z,noexecstack",
      "-Wl,--build-id=none"
    ]
  }
}
