// A program that makes rooms until it is killed: `node embedder.js ORDER`.
import { churn, type ChurnOrder } from './churn.js';

await churn(JSON.parse(process.argv[2] as string) as ChurnOrder, (what) => process.send?.(what));
