import type { Plan } from '../../types/plan.js';
import type { Launcher } from '../addon/native-anchor.js';
import { errorFromNative } from '../addon/refusal.js';
import { readSkeletonFile } from '../host/host-plank.js';
import { idsPerRoom } from '../host/ids.js';
import { passwdLimit } from '../host/passwd.js';
import type { ResolvedUser } from '../host/resolved-room.js';
import { resolveUser, type AccountReader } from '../host/user.js';
import type { CheckedUser } from '../spec/checked.js';

/** The ids of a user for one more process. Names are those of the plank: what the room made of its /etc is not asked. */
export function resolveExecUser(user: CheckedUser, launcher: Launcher, plan: Plan): Promise<ResolvedUser> {
  const { lower } = plan.root;
  const read: AccountReader = async (path) => {
    if (lower.kind === 'skeleton') return readSkeletonFile(lower.entries, path);
    const bytes = await launcher.readPlankFile(lower, path, passwdLimit).catch((error: unknown) => {
      throw errorFromNative(error);
    });
    return bytes === null ? null : Buffer.from(bytes).toString('utf8');
  };
  return resolveUser(user, read, plan.identity.kind === 'mapped' ? idsPerRoom : ALL_IDS);
}

/** All ids but (uid_t) -1. */
const ALL_IDS = 2 ** 32 - 1;
