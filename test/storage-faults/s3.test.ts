import { after, before, describe } from 'node:test'
import { radosgwPrograms } from '../support/radosgw.ts'
import { findProgram } from '../support/require-program.ts'
import { describeKeysAndLimits } from './keys-and-limits.ts'
import { describeKills } from './kills.ts'
import { describeLists } from './lists.ts'
import { type Rig, startRig } from './rig.ts'
import { describeStarts } from './starts.ts'
import { describeWeather } from './weather.ts'

const missing = radosgwPrograms.filter((name) => findProgram(name) === undefined)
if (missing.length > 0 && process.env['CI'])
  throw new Error(`${missing.join(', ')} not installed: run test/services/install.sh`)
const skip = missing.length > 0 && `${missing.join(', ')} not installed: run test/services/install.sh`

describe('a registry on s3 when things go wrong', { skip, concurrency: 2 }, () => {
  let rig: Rig
  before(async () => {
    rig = await startRig()
  })
  after(async () => {
    rig.bucket.client.destroy()
    await rig.server.stop()
  })
  describeStarts(() => rig)
  describeWeather(() => rig)
  describeLists(() => rig)
  describeKeysAndLimits(() => rig)
  describeKills(() => rig)
})
