import { ociRuntime } from './oci.js';

/** The OCI runtime in Go that Docker and containerd use. */
export const runc = ociRuntime('runc');
