/** The Worker's exports. */
export { app as default } from './app.ts'
export { Charter } from './charter.ts'
export { Registry } from './registry.ts'
export { Room } from './room.ts'
