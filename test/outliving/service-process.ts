/** The real Worker in a process of its own, so that it can be killed without a word. Tells its port. */
import { startService } from '../support/server.ts'

const service = await startService({ rateLimits: 'off', port: Number(process.argv[2] ?? 0) })
process.send?.(service.port)
