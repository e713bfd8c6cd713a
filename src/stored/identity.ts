import { randomUUID } from 'node:crypto'
import type { StorageDriver } from '../storage/driver.ts'
import { storeName } from './paths.ts'

/** Bytes; a UUID has 36. */
const longest = 64

const form = /^[0-9a-f-]{36}$/

/**
 * A name that tells a store from all others, so that two registries that share a cache by mistake do not believe each other. It lies in
 * the store; whoever asks first makes it up. Without it nothing is lost but what is remembered together.
 *
 * @param mayWrite whether to make one up
 * @returns undefined when there is none
 * @throws RegistryError STORAGE_UNAVAILABLE, STORAGE_FULL
 */
export async function storeIdentity(driver: StorageDriver, mayWrite: boolean): Promise<string | undefined> {
  const found = await read(driver)
  if (found !== undefined || !mayWrite) return found
  await driver.write(storeName(), Buffer.from(randomUUID(), 'latin1'), {
    ifAbsent: true,
    isNothing: (content) => nameIn(content) === undefined,
  })
  // Somebody else may have been first.
  return await read(driver)
}

async function read(driver: StorageDriver): Promise<string | undefined> {
  const content = await driver.read(storeName(), longest)
  return content && nameIn(content)
}

function nameIn(content: Buffer): string | undefined {
  const text = content.toString('latin1')
  return form.test(text) ? text : undefined
}
