import { Gauge, type Registry } from 'prom-client'

/** How the last reload of the configuration went. */
export interface ReloadState {
  readonly successful: boolean
  /** Milliseconds since 1970: when a configuration was taken last; the start counts. */
  readonly lastSuccess: number
}

/**
 * What others know, asked for at each scrape. A gauge that nobody gives a source is absent. The sources may be set at any time,
 * and replaced.
 */
export interface Gauges {
  /** Each host with the end of its certificate of ACME, in milliseconds since 1970. */
  acmeExpiry(read: () => Iterable<readonly [host: string, milliseconds: number]>): void
  /** The end of the certificate that is served from files, in milliseconds since 1970. */
  tlsExpiry(read: () => number | undefined): void
  reload(read: () => ReloadState): void
  /** The names of all health checks, and those that fail. */
  health(
    read: () => { readonly names: readonly string[]; readonly failures: Readonly<Record<string, string>> },
  ): void
  /** Whether the shared cache answers. */
  redis(read: () => boolean): void
}

/** Makes the gauges whose values lie elsewhere. */
export function createGauges(registry: Registry): Gauges {
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    fill: (one: Gauge) => void,
  ): void => {
    registry.removeSingleMetric(name)
    const one: Gauge = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect() {
        // A host or check that is gone must not stay.
        one.reset()
        if (labelNames.length === 0) one.remove()
        fill(one)
      },
    })
  }
  return {
    acmeExpiry(read) {
      const name = 'berth_acme_certificate_expiry_timestamp_seconds'
      gauge(name, "The end of an ACME certificate's validity.", ['host'], (one) => {
        for (const [host, milliseconds] of read()) one.set({ host }, milliseconds / 1000)
      })
    },
    tlsExpiry(read) {
      const name = 'berth_tls_certificate_expiry_timestamp_seconds'
      gauge(name, "The end of the served certificate's validity.", [], (one) => {
        const milliseconds = read()
        if (milliseconds !== undefined) one.set(milliseconds / 1000)
      })
    },
    reload(read) {
      gauge(
        'berth_config_last_reload_successful',
        'Whether the last reload of the configuration was taken.',
        [],
        (one) => one.set(read().successful ? 1 : 0),
      )
      gauge(
        'berth_config_last_reload_success_timestamp_seconds',
        'When a configuration was taken last.',
        [],
        (one) => one.set(read().lastSuccess / 1000),
      )
    },
    health(read) {
      const name = 'berth_health_check_failing'
      gauge(name, 'Whether a health check fails, and the registry with it.', ['check'], (one) => {
        const { names, failures } = read()
        for (const check of names) one.set({ check }, Object.hasOwn(failures, check) ? 1 : 0)
      })
    },
    redis(read) {
      gauge('berth_redis_up', 'Whether the shared cache answers. Nothing depends on it.', [], (one) =>
        one.set(read() ? 1 : 0),
      )
    },
  }
}
