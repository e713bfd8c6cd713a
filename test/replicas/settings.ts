/** What the replicas of these tests are configured with, besides the store. */
export const replicaConfig: Readonly<Record<string, unknown>> = {
  // Blobs of a bucket come from the replicas themselves, which is what is tried here.
  storage: { delete: { enabled: true }, redirect: { disable: true } },
  access: { immutable: ['release-*'] },
}
