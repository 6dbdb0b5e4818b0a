# The build of the addon and of room-init. The lists of files are in native/sources.gypi, which
# CMakeLists.txt (sanitizers, clang-tidy, native tests) reads too.
{
  'includes': ['native/sources.gypi'],
  'target_defaults': {
    'include_dirs': ['native'],
    'cflags!': ['-Wno-unused-parameter'],
    'cflags_cc!': ['-std=gnu++17', '-std=gnu++20'],
    'cflags': ['-Wall', '-Wextra', '-Werror', '-fvisibility=hidden'],
    # -Wno-restrict: GCC 12 sees overlaps in std::string where there are none (GCC bug 105651).
    'cflags_cc': ['-std=c++20', '-fno-exceptions', '-fno-rtti', '-fvisibility-inlines-hidden', '-Wno-restrict'],
  },
  'targets': [
    {
      # Runs between clone and execve in memory shared with Node: no stack protector, no fortified libc
      # calls, no thread-safe statics, so that what it links against stays on the list of
      # test/checks/child-symbols.txt whatever the distribution's compiler adds by default.
      'target_name': 'child',
      'type': 'static_library',
      'sources': ['<@(child_sources)'],
      'cflags': ['-fno-stack-protector', '-U_FORTIFY_SOURCE', '-fno-asynchronous-unwind-tables'],
      'cflags_cc': ['-fno-threadsafe-statics'],
    },
    {
      # Not ours: native/third_party/blake3/README.md.
      'target_name': 'blake3',
      'type': 'static_library',
      'sources': ['<@(blake3_sources)'],
      'defines': ['<@(blake3_defines)'],
      'cflags!': ['-Wall', '-Wextra', '-Werror'],
      'cflags': ['-w'],
    },
    {
      'target_name': 'anchor_rooms',
      'dependencies': ['child', 'blake3'],
      'sources': ['<@(addon_sources)'],
      'include_dirs': ["<!(node -p \"require('node-addon-api').include_dir\")"],
      'defines': ['<@(addon_defines)'],
      # The compiler's own run-time libraries come along, so one file serves every distribution.
      'ldflags': ['-static-libstdc++', '-static-libgcc', '-Wl,-z,relro,-z,now', '-Wl,--exclude-libs,ALL', '-Wl,--gc-sections'],
    },
    {
      # PID 1 of every room: static, no libc, no start files.
      'target_name': 'room-init',
      'type': 'executable',
      'sources': ['<@(init_sources)'],
      'configurations': { 'Release': { 'cflags!': ['-O3'], 'cflags': ['-Os'] } },
      'cflags!': ['-fPIC', '-pthread'],
      'cflags': ['<@(init_cflags)'],
      'cflags_cc': ['-fno-threadsafe-statics'],
      'ldflags!': ['-pthread', '-rdynamic'],
      'ldflags': ['<@(init_ldflags)'],
    },
  ],
}
