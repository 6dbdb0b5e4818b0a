import { text } from 'node:stream/consumers';
import { Anchor } from 'anchor-rooms';

const anchor = await Anchor.open();
const room = await anchor.spawn({
  plank: process.argv[2],
  command: ['/bin/sh', '-c', 'echo hello from $(hostname)'],
});
console.log((await text(room.stdout)).trim());
const outcome = await room.exited;
console.log(outcome.reason);
await anchor.close();
