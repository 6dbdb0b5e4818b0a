import { capsuleSuffix, signatureName, tagFiles, tagManifestName } from './layout.js';
import { wholePath, piecesOf, filesOf, type CapsuleContents, type CapsuleFile } from './contents.js';
import { signatureNamespace } from './signature.js';

/** README.txt: for whoever finds the directory and has nothing of ours. Pure. */
export function readmeText(contents: CapsuleContents): string {
  const weights = contents.weights.map(({ name }) => name).join(', ') || 'none';
  return [
    `${contents.name}${capsuleSuffix}: a replay capsule of anchor-rooms`,
    '',
    'It holds a room (data/room/room.json), the image that the room is made from (data/plank), the weights it loads (data/weights)',
    'and, where there is one, the declaration that the image was built from (data/flake). It is a BagIt 1.0 bag (RFC 8493).',
    '',
    `Weights: ${weights}`,
    `Payload: ${piecesOf(filesOf(contents)).length} files; ${tagFiles.contents} says what each of them is.`,
    '',
    ...howToCheck(filesOf(contents)),
  ].join('\n');
}

/** The lines for who wants to know whether a bag is whole, and who made it. Pure. */
export function howToCheck(files: readonly CapsuleFile[]): readonly string[] {
  const split = files.filter(({ pieces }) => pieces.length > 1);
  return [
    'To see that nothing is damaged or missing, in this directory:',
    '',
    `    sha256sum --quiet --strict -c ${tagManifestName} ${tagFiles.manifest}`,
    '',
    `Whether somebody signed it: there is a file ${signatureName} then. With a file of allowed signers,`,
    '',
    `    ssh-keygen -Y verify -f ALLOWED_SIGNERS -I NAME -n ${signatureNamespace} -s ${signatureName} < ${tagManifestName}`,
    ...(split.length === 0
      ? []
      : ['', 'Files in parts are put together on a file system that takes them:', '']),
    ...split.map(({ pieces }) => `    cat ${wholePath(pieces)}.part-* > ${wholePath(pieces)}`),
    ...(split.length === 0
      ? []
      : ['', `Then \`sha256sum -c ${tagFiles.assembled}\` compares the whole files.`]),
    '',
    'Both at once, and that there is nothing else in here: anchor courier verify DIRECTORY',
    '',
  ];
}
