import { type Counts, totalOf } from '../support/s3-counter.ts'

/** What one operation of a client asked the store, through each of the two registries. */
export interface RequestRow {
  readonly title: string
  readonly ours: Counts
  readonly theirs: Counts
}

/** The rows as a page of Markdown. */
export function requestReport(rows: readonly RequestRow[]): string {
  const lines = rows.map(
    ({ title, ours, theirs }) =>
      `| ${title} | ${totalOf(ours)} | ${totalOf(theirs)} | ${listOf(ours)} | ${listOf(theirs)} |`,
  )
  return `# Requests to an S3 store

What each operation of a client makes the registry ask its store, counted by a proxy between the registry and Ceph's gateway: Berth, and
Distribution 3 (\`registry:3\`), both with their default settings, without redirects and with no cache but the one in memory. Written by

    BERTH_FULL=1 BERTH_S3_REPORT=bench/REPORT-S3-REQUESTS.md node scripts/test.mjs test/storage/s3-uploads.test.js

which also fails when an operation needs more than it did, or a push more than half of what Distribution needs, but for the
parts in which large objects are sent and copied: their number is a matter of their size, and the same for both.

| Operation | Berth | Distribution 3 | Berth's requests | Distribution's requests |
| --- | ---: | ---: | --- | --- |
${lines.join('\n')}
`
}

function listOf(counts: Counts): string {
  return Object.entries(counts)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([operation, count]) => `${count} ${operation}`)
    .join(', ')
}
