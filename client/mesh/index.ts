/** Networks of any size: whom to be connected to, saying something to all, and reaching members by way of others. */
export type { Judgement, NetworkGossip, SharedMesh } from './api.ts'
export { MAX_BROADCAST_BYTES } from './broadcasts.ts'
export { createMesh } from './create-mesh.ts'
export type { CreateMeshOptions } from './create-mesh.ts'
