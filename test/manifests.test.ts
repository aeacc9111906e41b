import { globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { Manifest } from './manifest-shapes.ts'
import { documentsIn, listedBy, manifestFiles, manifests, ofKind, readYaml } from './manifests.ts'

const all = manifests.map(({ manifest }) => manifest)
const workloads = [...ofKind('Deployment'), ...ofKind('StatefulSet')]

test.each(manifestFiles)('%s has only fields that are known, each once', (path) => {
  for (const document of documentsIn(path)) expect(Manifest.safeParse(document).error?.issues ?? []).toEqual([])
})

test('no two objects of what is applied together have the same name', () => {
  for (const overlay of ['single-node', 'production']) {
    const names = manifests
      .filter(({ path }) => path.startsWith('k8s/base/') || path.startsWith(`k8s/overlays/${overlay}/`))
      .map(({ manifest }) => `${manifest.kind} ${manifest.metadata.name}`)
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted())
  }
})

const Kustomization = z.object({
  resources: z.array(z.string()),
  images: z.array(z.object({ name: z.string(), newTag: z.string() })).default([]),
  patches: z.array(z.object({ target: z.object({ kind: z.string(), name: z.string().optional() }) })).default([]),
})
const kustomizations = globSync('k8s/**/kustomization.yaml', { cwd: join(import.meta.dirname, '..') }).map((path) => ({
  path,
  ...Kustomization.parse(readYaml(path)),
}))

test.each(kustomizations)(
  '$path lists every file beside it but the examples, and nothing that is not there',
  (kustomization) => {
    const listed = listedBy(kustomization.path, kustomization.resources)
    const beside = manifestFiles.filter((file) => dirname(file) === dirname(kustomization.path))
    expect(listed.filter((path) => path.endsWith('.yaml')).toSorted()).toEqual(
      beside.filter((file) => !file.includes('.example.')),
    )
    for (const folder of listed.filter((path) => !path.endsWith('.yaml'))) {
      expect(kustomizations.map(({ path }) => dirname(path))).toContain(folder)
    }
    for (const { target } of kustomization.patches) {
      const names = all.filter(({ kind }) => kind === target.kind).map(({ metadata }) => metadata.name)
      expect(names).toContain(target.name ?? names[0])
    }
  },
)

test('every image names a version', () => {
  const images = workloads.flatMap(({ spec }) => spec.template.spec.containers.map(({ image }) => image))
  const tags = [
    ...images.map((image) => image.split(':')[1]),
    ...kustomizations.flatMap((k) => k.images.map((i) => i.newTag)),
  ]
  expect(tags.filter((tag) => tag === undefined || tag === 'latest')).toEqual([])
})

test.each(workloads.map(({ metadata, spec }) => ({ name: metadata.name, ...spec })))(
  '$name selects its own pods, and its probes and mounts name what is there',
  ({ selector, template }) => {
    expect(template.metadata.labels).toMatchObject(selector.matchLabels)
    for (const { labelSelector } of template.spec.topologySpreadConstraints ?? []) {
      expect(labelSelector).toEqual(selector)
    }
    const [container] = template.spec.containers
    const ports = container.ports.map(({ name }) => name)
    for (const probe of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      const port = (probe?.httpGet ?? probe?.tcpSocket)?.port
      if (port !== undefined) expect(ports).toContain(port)
    }
  },
)

test('what points at pods by their labels points at pods that there are', () => {
  const apps = workloads.map(({ spec }) => spec.template.metadata.labels.app)
  const pointed = [
    ...ofKind('Service').map(({ spec }) => spec.selector.app),
    ...ofKind('PodDisruptionBudget').map(({ spec }) => spec.selector.matchLabels.app),
    ...ofKind('NetworkPolicy').flatMap(({ spec }) => {
      const peers = [
        ...(spec.ingress ?? []).flatMap(({ from = [] }) => from),
        ...(spec.egress ?? []).flatMap(({ to = [] }) => to),
      ]
      return [spec.podSelector, ...peers.map(({ podSelector = {} }) => podSelector)].flatMap(
        ({ matchLabels, matchExpressions = [] }) => [
          ...Object.values(matchLabels ?? {}),
          ...matchExpressions.flatMap(({ values }) => values),
        ],
      )
    }),
  ]
  expect(pointed.filter((app) => !apps.includes(app))).toEqual([])
})

test.each(ofKind('Service').map(({ spec }) => spec))(
  'the Service of $selector.app ends at a port of its pods',
  (service) => {
    const target = workloads.find(({ spec }) => spec.template.metadata.labels.app === service.selector.app)
    const ports = target?.spec.template.spec.containers[0].ports.map(({ name }) => name)
    for (const { targetPort } of service.ports) expect(ports).toContain(targetPort)
  },
)

test('each Deployment is scaled by one HorizontalPodAutoscaler, and its disruptions have a budget', () => {
  const names = ofKind('Deployment')
    .map(({ metadata }) => metadata.name)
    .toSorted()
  expect(
    ofKind('HorizontalPodAutoscaler')
      .map(({ spec }) => spec.scaleTargetRef.name)
      .toSorted(),
  ).toEqual(names)
  expect(
    ofKind('PodDisruptionBudget')
      .map(({ metadata }) => metadata.name)
      .toSorted(),
  ).toEqual(names)
})
