export default {
  // Those of the guest have a configuration of their own there: test/vm/harness/bundle.ts.
  files: ['test/**/*.test.ts', '!test/vm/guest/**', '!test/vm/machine/**', '!test/vm/usb/**'],
  typescript: { rewritePaths: { 'test/': '.build/test/' }, compile: false },
  workerThreads: false,
  concurrency: 2,
  timeout: '3m',
};
