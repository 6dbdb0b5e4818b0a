// A worker thread that makes rooms until it is terminated.
import { parentPort, workerData } from 'node:worker_threads';
import { churn, type ChurnOrder } from './churn.js';

await churn(workerData as ChurnOrder, (what) => parentPort?.postMessage(what));
