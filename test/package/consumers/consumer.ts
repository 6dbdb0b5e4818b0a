// Compiled against the installed package with strict and without skipLibCheck; never run.
import { Anchor, RoomError, type Outcome, type Room, type RoomSpec } from 'anchor-rooms';

const spec: RoomSpec = {
  plank: 'host',
  command: ['true'],
  mounts: [{ tmpfs: '1MiB', at: '/scratch' }],
  limits: { memory: '64MiB', cpus: 0.5 },
  lifetime: '10s',
};

export async function reasonOf(signal: AbortSignal): Promise<Outcome['reason']> {
  await using anchor = await Anchor.open();
  await using room: Room = await anchor.spawn(spec, { signal });
  room.stdout?.resume();
  try {
    return (await room.exited).reason;
  } catch (error) {
    if (error instanceof RoomError && error.code === 'ERR_ROOM_CLOSED') return 'destroyed';
    throw error;
  }
}
