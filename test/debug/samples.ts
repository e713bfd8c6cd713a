/** Prometheus's text format, as far as tests look at it. */

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export function parseSamples(text: string): readonly Sample[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const match = /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(line)
      if (match === null) throw new Error(`no sample: ${line}`)
      const [, name = '', labels = '', value = ''] = match
      const pairs = [...labels.matchAll(/(\w+)="((?:\\.|[^"\\])*)"/g)].map(([, label = '', content = '']) => [
        label,
        content,
      ])
      return {
        name,
        labels: Object.fromEntries(pairs) as Readonly<Record<string, string>>,
        value: Number(value),
      }
    })
}

/** The value of the sample with this name and these labels, and no others; undefined when there is none. */
export function sampleOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  return samples.find((sample) => sample.name === name && keyOf(sample.labels) === keyOf(labels))?.value
}

/** Labels in one order. */
export function keyOf(labels: Readonly<Record<string, string>>): string {
  return Object.keys(labels)
    .toSorted()
    .map((label) => `${label}="${labels[label]}"`)
    .join(',')
}
