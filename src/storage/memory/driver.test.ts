import { describeDriver } from '../driver-contract.ts'
import type { DriverUnderTest } from '../contract/support.ts'
import { type StorageDriver, type StoragePath, storagePath } from '../driver.ts'
import { MemoryDriver } from './driver.ts'

/** The top folders that the suite uses: no driver lists its root. */
const tops = [
  'a',
  'apart',
  'b',
  'blobs',
  'claims',
  'elsewhere',
  'f',
  'good',
  'l',
  'r',
  'race',
  'tags',
  'up',
  'uploads',
]

describeDriver('inmemory', async (): Promise<DriverUnderTest> => {
  const driver = new MemoryDriver()
  return {
    driver,
    objects: () => walk(driver, false),
    folders: () => walk(driver, true),
    dispose: () => driver.close(),
  }
})

async function walk(driver: StorageDriver, folders: boolean): Promise<readonly string[]> {
  const found: string[] = []
  const visit = async (path: StoragePath): Promise<void> => {
    const info = await driver.stat(path)
    if (info?.isFolder === folders) found.push(path)
    for await (const name of driver.list(path)) await visit(storagePath(`${path}/${name}`))
  }
  for (const top of tops) await visit(storagePath(top))
  return found.toSorted()
}
