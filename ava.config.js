export default {
  files: ['test/**/*.test.ts'],
  typescript: { rewritePaths: { 'test/': '.build/test/' }, compile: false },
  workerThreads: false,
  concurrency: 2,
  timeout: '3m',
};
