import { after, before } from 'node:test'
import { describeDriver } from '../../src/storage/driver-contract.ts'
import {
  type Azurite,
  azuriteMissing,
  azureUnderTest,
  makeContainer,
  startAzurite,
  type TestContainer,
} from '../support/azurite.ts'
import { describeDistribution } from './azure-distribution.ts'
import { describeLargeObjects } from './azure-large-objects.ts'
import { describeNamesAndUrls } from './azure-names-and-urls.ts'

const skip = azuriteMissing()

let server: Azurite
let container: TestContainer
before(async () => {
  if (skip !== undefined) return
  server = await startAzurite()
  container = await makeContainer(server)
})
after(async () => {
  if (skip === undefined) await server.stop()
})

describeDriver('azure (azurite)', () => azureUnderTest(container), {
  ...(skip !== undefined && { skip }),
})
if (skip === undefined) {
  describeLargeObjects(() => container)
  describeNamesAndUrls(() => container)
  describeDistribution(() => ({ server, container }))
}
