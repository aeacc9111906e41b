import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { Manifest } from './manifest-shapes.ts'

const root = join(import.meta.dirname, '..')

/** One object of Kubernetes, as it stands in a file. */
export interface PlacedManifest {
  readonly path: string
  readonly manifest: Manifest
}

/** The files that Kubernetes' API is given, without the kustomizations. */
export const manifestFiles: readonly string[] = globSync('k8s/**/*.yaml', { cwd: root })
  .filter((path) => !path.endsWith('/kustomization.yaml'))
  .sort()

/** The objects of a file, whatever is in them. Throws for YAML that has an error, a warning or a key twice. */
export function documentsIn(path: string): readonly unknown[] {
  const documents = parseAllDocuments(readFileSync(join(root, path), 'utf8'), { uniqueKeys: true })
  for (const { errors, warnings } of documents) for (const wrong of [...errors, ...warnings]) throw wrong
  return documents.map((document): unknown => document.toJS())
}

/** Every object of every file; what has a field that nobody knows here is left out, and has a test of its own. */
export const manifests: readonly PlacedManifest[] = manifestFiles.flatMap((path) =>
  documentsIn(path).flatMap((document) => {
    const { data: manifest } = Manifest.safeParse(document)
    return manifest === undefined ? [] : { path, manifest }
  }),
)

/** The objects of a kind, of all files. */
export function ofKind<Kind extends Manifest['kind']>(kind: Kind) {
  return manifests
    .map(({ manifest }) => manifest)
    .filter((manifest): manifest is Extract<Manifest, { kind: Kind }> => manifest.kind === kind)
}

/** A YAML file of one document, with its anchors and merge keys followed. */
export function readYaml(path: string): unknown {
  return parse(readFileSync(join(root, path), 'utf8'), { merge: true, uniqueKeys: true })
}

/** What a kustomization lists, as paths from the root. */
export function listedBy(kustomization: string, resources: readonly string[]): readonly string[] {
  return resources.map((resource) => relative(root, join(root, dirname(kustomization), resource)))
}
