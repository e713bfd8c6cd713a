import { randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleaner } from './at-exit.ts'
import { type BackgroundProcess, startProcess } from './background-process.ts'
import { freePort } from './free-port.ts'
import { http } from './http.ts'
import { programPath } from './require-program.ts'
import { run, words } from './run.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** What `startRadosgw` needs; `test/services/install.sh` installs it. */
export const radosgwPrograms: readonly string[] = ['radosgw', 'radosgw-admin', 'ceph-mon', 'ceph-osd', 'ceph']

export interface S3Keys {
  readonly accessKey: string
  readonly secretKey: string
}

/** A server that speaks S3, on loopback. */
export interface S3Server {
  readonly url: string
  readonly port: number
  /** Of a user who may make buckets. */
  readonly keys: S3Keys
  stop(): Promise<void>
}

export interface Radosgw extends S3Server {
  /** What says to Ceph's programs which cluster. */
  readonly flags: readonly string[]
  /** Runs `radosgw-admin`, such as `quota set --uid=tests --quota-scope=user --max-size=1M`. */
  admin(line: string): Promise<string>
  /** The daemon that holds the objects: stopped by SIGSTOP, requests hang. */
  readonly osd: BackgroundProcess
}

/**
 * Starts Ceph's gateway with one monitor and one store in memory, which takes some ten seconds. Real signatures, conditional
 * writes, multipart uploads. It ends with the test, if one is given, or with this process.
 *
 * @param test.after is called before anything is started, so that a start that fails leaves nothing
 */
export async function startRadosgw(test?: Cleaner): Promise<Radosgw> {
  const folder = temporaryFolder()
  const daemons: BackgroundProcess[] = []
  const stop = async (): Promise<void> => {
    // Nothing here is worth an orderly end, which takes the store's daemon seconds.
    for (const daemon of daemons.toReversed()) await daemon.kill()
    await folder.remove()
  }
  test?.after(stop)
  try {
    const cluster = await prepare(folder.path)
    const osd = await startCluster(cluster, daemons)
    const keys: S3Keys = { accessKey: 'TESTS', secretKey: randomBytes(20).toString('hex') }
    const admin = async (line: string): Promise<string> =>
      (await run(programPath('radosgw-admin'), [...cluster.flags, ...words(line)])).stdout
    await admin(
      `user create --uid=tests --display-name=tests --access-key=${keys.accessKey} --secret-key=${keys.secretKey}`,
    )
    const { port, flags } = cluster
    return { url: `http://127.0.0.1:${port}`, port, keys, flags, stop, admin, osd }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Cluster {
  readonly folder: string
  /** Say to each program where the cluster is. */
  readonly flags: readonly string[]
  /** Of the gateway. */
  readonly port: number
}

/** Writes the configuration, the keys and the monitor's map. */
async function prepare(folder: string): Promise<Cluster> {
  const [port, second, first] = [await freePort(), await freePort(), await freePort()]
  const fsid = randomUUID()
  for (const name of ['mon', 'osd', 'run', 'log', 'rgw']) mkdirSync(join(folder, name))
  const keyring = join(folder, 'keyring')
  const settings: readonly (readonly [string, string | number])[] = [
    ['fsid', fsid],
    ['mon_host', `v2:127.0.0.1:${second},v1:127.0.0.1:${first}`],
    ['mon_initial_members', 'a'],
    ['keyring', keyring],
    ['run_dir', join(folder, 'run')],
    ['admin_socket', `${folder}/run/$name.sock`],
    ['pid_file', `${folder}/run/$name.pid`],
    ['log_file', `${folder}/log/$name.log`],
    ['crash_dir', join(folder, 'log')],
    ['mon_data', join(folder, 'mon')],
    ['osd_data', join(folder, 'osd')],
    ['rgw_data', join(folder, 'rgw')],
    ['public_addr', '127.0.0.1'],
    ['cluster_addr', '127.0.0.1'],
    ['osd_pool_default_size', 1],
    ['osd_pool_default_min_size', 1],
    ['osd_pool_default_pg_num', 4],
    ['osd_pool_default_pg_autoscale_mode', 'off'],
    ['osd_crush_chooseleaf_type', 0],
    ['mon_allow_pool_size_one', 'true'],
    ['mon_max_pg_per_osd', 1_000],
    ['auth_allow_insecure_global_id_reclaim', 'false'],
    ['mon_data_avail_warn', 5],
    ['mon_data_avail_crit', 1],
    ['osd_objectstore', 'memstore'],
    ['memstore_device_bytes', 8 * 1024 ** 3],
    // Without the second word small answers wait 40 ms for the client's acknowledgements.
    ['rgw_frontends', `beast endpoint=127.0.0.1:${port} tcp_nodelay=1`],
    // Buckets in the host's name, too: any name below localhost is this machine.
    ['rgw_dns_name', 'localhost'],
    // An index in one piece: listings of tests are small, and each piece costs a request.
    ['rgw_override_bucket_index_max_shards', 1],
    ['rgw_enable_usage_log', 'false'],
  ]
  const configFile = join(folder, 'ceph.conf')
  writeFileSync(configFile, `[global]\n${settings.map(([key, value]) => `${key} = ${value}`).join('\n')}\n`)
  writeFileSync(keyring, keyringOf(['mon.', 'client.admin', 'client.rgw', 'osd.0']))
  const flags = ['--conf', configFile]
  const map = join(folder, 'monmap')
  await run(programPath('monmaptool'), [
    ...words(`--create --fsid ${fsid} --addv a [v2:127.0.0.1:${second},v1:127.0.0.1:${first}] ${map}`),
  ])
  await run(programPath('ceph-mon'), [...flags, ...words(`--mkfs -i a --monmap ${map} --keyring ${keyring}`)])
  return { folder, flags, port }
}

/** Starts monitor, store and gateway, one after the other. Gives the store. */
async function startCluster(
  { folder, flags, port }: Cluster,
  daemons: BackgroundProcess[],
): Promise<BackgroundProcess> {
  const ceph = async (line: string, input = ''): Promise<void> => {
    await run(programPath('ceph'), [...flags, ...words(line)], { input })
  }
  daemons.push(
    await startProcess(programPath('ceph-mon'), [...flags, ...words('-f -i a')], {
      isReady: async () => {
        await ceph('--connect-timeout 2 mon stat')
        return true
      },
    }),
  )
  const uuid = randomUUID()
  await ceph(`osd new ${uuid} 0`)
  await ceph(`auth import -i ${join(folder, 'keyring')}`)
  await run(programPath('ceph-osd'), [...flags, ...words(`-i 0 --mkfs --osd-uuid ${uuid}`)])
  const osd = await startProcess(programPath('ceph-osd'), [...flags, ...words('-f -i 0')], {
    isReady: async () => true,
  })
  daemons.push(osd)
  daemons.push(
    await startProcess(programPath('radosgw'), [...flags, ...words('-f -n client.rgw')], {
      isReady: async () => (await http('GET', `http://127.0.0.1:${port}/`)).status === 200,
      readyWithinMs: 60_000,
    }),
  )
  return osd
}

const everything = 'caps mon = "allow *"\ncaps osd = "allow *"\ncaps mgr = "allow *"'

function keyringOf(names: readonly string[]): string {
  return names.map((name) => `[${name}]\nkey = ${cephKey()}\n${everything}\n`).join('')
}

/** As `ceph-authtool --gen-key` makes one: a type, a time, a length, 16 bytes. */
function cephKey(): string {
  const head = Buffer.alloc(12)
  head.writeUInt16LE(1, 0)
  head.writeUInt32LE(Math.floor(Date.now() / 1000), 2)
  head.writeUInt16LE(16, 10)
  return Buffer.concat([head, randomBytes(16)]).toString('base64')
}
