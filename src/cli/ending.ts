import type { CheckedSpec, LimitHit, Outcome } from '../index.js';
import { bytesInWords, durationInWords } from './units.js';

/** Why a room ended, for people; null when the command came to its own end. Pure. */
export function explainEnding(outcome: Outcome, spec: CheckedSpec): string | null {
  switch (outcome.reason) {
    case 'exited':
    case 'signaled':
      return null;
    case 'timed-out':
      return spec.lifetime === null
        ? 'the lifetime of the room was over'
        : `the lifetime of the room, ${durationInWords(spec.lifetime)}, was over`;
    case 'out-of-memory':
      return outOfMemory(outcome, spec);
    case 'too-many-processes': {
      const limit = spec.limits.processes === null ? '' : ` of ${spec.limits.processes}`;
      return `the command failed after the limit${limit} had refused it a process${times(hit(outcome, 'processes'))}`;
    }
    case 'destroyed':
    case 'aborted':
    case 'owner-closed':
      return `the room was ended from outside (${outcome.reason})`;
    case 'service-ended': {
      const essential = spec.services.filter((service) => service.essential).map(({ name }) => name);
      const ended = outcome.services.filter((service) => service.early && essential.includes(service.name));
      return `a service that the room cannot do without had ended: ${ended.map(({ name }) => name).join(', ')}`;
    }
    case 'init-died':
      return 'room-init, the first process of the room, was killed from outside';
  }
}

function outOfMemory(outcome: Outcome, { limits }: CheckedSpec): string {
  const { memoryPeak } = outcome.usage;
  const peak = memoryPeak === null ? '' : `, after a peak of ${bytesInWords(memoryPeak)}`;
  if (hit(outcome, 'memory')?.where === 'above') {
    return `out of memory: not by a limit of the room, the host or a cgroup above had none left${peak}`;
  }
  const limit = limits.memory === null ? '' : ` the limit is ${bytesInWords(limits.memory)}`;
  return `out of memory:${limit === '' ? ' the kernel killed it' : limit}${peak}`;
}

function hit(outcome: Outcome, limit: LimitHit['limit']): LimitHit | undefined {
  return outcome.limits.find((candidate) => candidate.limit === limit);
}

function times(found: LimitHit | undefined): string {
  if (found === undefined || found.count === null || found.count === 1) return '';
  return ` ${found.count} times`;
}
