import { z } from 'zod'

/*
  What our manifests may hold, so that a misspelt field fails here and not in a cluster, where the API server drops it
  with a warning that nobody reads. Only the fields in use: who needs another adds it after Kubernetes' API reference.
*/
const Labels = z.record(z.string(), z.string())
const NAMESPACE = z.literal('magictask')
const Name = z.string().regex(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/)
const Metadata = z.strictObject({ name: Name, namespace: NAMESPACE, labels: Labels.optional() })
const Whole = z.int().positive()
const Quantity = z.string().regex(/^\d+(?:m|Mi|Gi)?$/)
const Port = z.union([z.int().min(1).max(65_535), Name])

const Selector = z.strictObject({
  matchLabels: Labels.optional(),
  matchExpressions: z
    .array(z.strictObject({ key: z.string(), operator: z.literal('In'), values: z.array(z.string()).min(1) }))
    .optional(),
})
const MatchLabels = z.strictObject({ matchLabels: Labels })

const Probe = z.strictObject({
  httpGet: z.strictObject({ path: z.string().startsWith('/'), port: Port }).optional(),
  tcpSocket: z.strictObject({ port: Port }).optional(),
  exec: z.strictObject({ command: z.array(z.string()).min(1) }).optional(),
  periodSeconds: Whole,
  timeoutSeconds: Whole.optional(),
  failureThreshold: Whole.optional(),
})

const Container = z.strictObject({
  name: Name,
  image: z.string(),
  imagePullPolicy: z.literal('IfNotPresent'),
  command: z.array(z.string()).optional(),
  envFrom: z
    .array(
      z.union([
        z.strictObject({ configMapRef: z.strictObject({ name: Name }) }),
        z.strictObject({ secretRef: z.strictObject({ name: Name }) }),
      ]),
    )
    .default([]),
  env: z.array(z.strictObject({ name: z.string(), value: z.string() })).default([]),
  ports: z.array(z.strictObject({ name: Name, containerPort: z.int() })),
  resources: z.strictObject({
    requests: z.strictObject({ cpu: Quantity, memory: Quantity }),
    limits: z.strictObject({ cpu: Quantity.optional(), memory: Quantity }),
  }),
  startupProbe: Probe.optional(),
  livenessProbe: Probe.optional(),
  readinessProbe: Probe,
  lifecycle: z
    .strictObject({ preStop: z.strictObject({ exec: z.strictObject({ command: z.array(z.string()) }) }) })
    .optional(),
  // What the namespace's level `restricted` demands of a container.
  securityContext: z.strictObject({
    allowPrivilegeEscalation: z.literal(false),
    readOnlyRootFilesystem: z.literal(true).optional(),
    capabilities: z.strictObject({ drop: z.tuple([z.literal('ALL')]) }),
  }),
  volumeMounts: z.array(z.strictObject({ name: Name, mountPath: z.string().startsWith('/') })),
})

const PodTemplate = z.strictObject({
  metadata: z.strictObject({ labels: Labels, annotations: Labels.optional() }),
  spec: z.strictObject({
    terminationGracePeriodSeconds: Whole,
    automountServiceAccountToken: z.literal(false),
    enableServiceLinks: z.literal(false),
    shareProcessNamespace: z.boolean().optional(),
    // And of a pod.
    securityContext: z.strictObject({
      runAsNonRoot: z.literal(true),
      runAsUser: Whole,
      runAsGroup: Whole,
      fsGroup: Whole.optional(),
      seccompProfile: z.strictObject({ type: z.literal('RuntimeDefault') }),
    }),
    topologySpreadConstraints: z
      .array(
        z.strictObject({
          topologyKey: z.string(),
          maxSkew: Whole,
          whenUnsatisfiable: z.enum(['DoNotSchedule', 'ScheduleAnyway']),
          labelSelector: MatchLabels,
        }),
      )
      .optional(),
    containers: z.tuple([Container]),
    volumes: z
      .array(
        z.union([
          z.strictObject({ name: Name, emptyDir: z.strictObject({ sizeLimit: Quantity.optional() }) }),
          z.strictObject({ name: Name, configMap: z.strictObject({ name: Name }) }),
        ]),
      )
      .optional(),
  }),
})

const VolumeClaim = z.strictObject({
  metadata: z.strictObject({ name: Name }),
  spec: z.strictObject({
    accessModes: z.tuple([z.literal('ReadWriteOnce')]),
    resources: z.strictObject({ requests: z.strictObject({ storage: Quantity }) }),
  }),
})

const WhoMay = z.strictObject({
  podSelector: Selector.optional(),
  namespaceSelector: Selector.optional(),
  ipBlock: z.strictObject({ cidr: z.string(), except: z.array(z.string()).optional() }).optional(),
})
const NetworkPorts = z.array(z.strictObject({ protocol: z.enum(['TCP', 'UDP']), port: z.int() }))

const object = <Kind extends string, Shape extends z.core.$ZodLooseShape>(
  apiVersion: string,
  kind: Kind,
  shape: Shape,
) => z.strictObject({ apiVersion: z.literal(apiVersion), kind: z.literal(kind), metadata: Metadata, ...shape })

/** An object of one of the kinds in use. */
export const Manifest = z.discriminatedUnion('kind', [
  z.strictObject({
    apiVersion: z.literal('v1'),
    kind: z.literal('Namespace'),
    metadata: z.strictObject({ name: NAMESPACE, labels: Labels }),
  }),
  object('v1', 'ConfigMap', { data: z.record(z.string(), z.string()) }),
  object('v1', 'Secret', { type: z.literal('Opaque'), stringData: z.record(z.string(), z.string()) }),
  object('v1', 'Service', {
    spec: z.strictObject({
      selector: Labels,
      ports: z.array(z.strictObject({ name: Name, port: z.int(), targetPort: Port })),
    }),
  }),
  object('apps/v1', 'Deployment', {
    spec: z.strictObject({
      selector: MatchLabels,
      strategy: z.strictObject({
        rollingUpdate: z.strictObject({ maxSurge: z.union([Whole, z.string()]), maxUnavailable: z.literal(0) }),
      }),
      template: PodTemplate,
    }),
  }),
  object('apps/v1', 'StatefulSet', {
    spec: z.strictObject({
      serviceName: Name,
      replicas: z.literal(1),
      selector: MatchLabels,
      template: PodTemplate,
      volumeClaimTemplates: z.array(VolumeClaim),
    }),
  }),
  object('autoscaling/v2', 'HorizontalPodAutoscaler', {
    spec: z.strictObject({
      scaleTargetRef: z.strictObject({
        apiVersion: z.literal('apps/v1'),
        kind: z.literal('Deployment'),
        name: Name,
      }),
      minReplicas: Whole,
      maxReplicas: Whole,
      metrics: z.array(
        z.strictObject({
          type: z.literal('Resource'),
          resource: z.strictObject({
            name: z.literal('cpu'),
            target: z.strictObject({ type: z.literal('Utilization'), averageUtilization: Whole }),
          }),
        }),
      ),
      behavior: z
        .strictObject({
          scaleDown: z.strictObject({
            stabilizationWindowSeconds: Whole,
            policies: z.array(z.strictObject({ type: z.literal('Percent'), value: Whole, periodSeconds: Whole })),
          }),
        })
        .optional(),
    }),
  }),
  object('policy/v1', 'PodDisruptionBudget', {
    spec: z.strictObject({ maxUnavailable: z.union([Whole, z.string().regex(/^\d+%$/)]), selector: MatchLabels }),
  }),
  object('networking.k8s.io/v1', 'NetworkPolicy', {
    spec: z.strictObject({
      podSelector: Selector,
      policyTypes: z.array(z.enum(['Ingress', 'Egress'])).min(1),
      ingress: z.array(z.strictObject({ from: z.array(WhoMay).optional(), ports: NetworkPorts })).optional(),
      egress: z.array(z.strictObject({ to: z.array(WhoMay).optional(), ports: NetworkPorts })).optional(),
    }),
  }),
])
export type Manifest = z.infer<typeof Manifest>
