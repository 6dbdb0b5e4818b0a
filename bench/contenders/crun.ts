import { ociRuntime } from './oci.js';

/** The OCI runtime in C that Podman uses. */
export const crun = ociRuntime('crun');
