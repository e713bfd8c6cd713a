/** What a user of the library may import. */
export { createApp, type App, type AppOptions } from './app/app.ts'
export { loadConfig } from './config/load.ts'
export { createHandler, type Handler, type HandlerOptions } from './http/handler.ts'
export type { Registry, RegistryDecorator } from './registry/registry.ts'
export { RegistryError, RegistryErrors } from './registry/errors.ts'
export type { StorageDriver } from './storage/driver.ts'
export { createDriver } from './storage/create-driver.ts'
export { createStoredRegistry } from './stored/stored-registry.ts'
