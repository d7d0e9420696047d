/** A program whose `onPhase` throws at the phase of its second argument. It prints how joining ended. */
import { join } from '../../client/index.ts'

const [, , roomUrl = '', at = ''] = process.argv
const onPhase = (phase: string) => {
  if (phase === at) throw new Error(`the application failed at ${phase}`)
}
const outcome = join(roomUrl, { direct: 'off', onPhase }).then(async (network) => {
  await network.close()
  return 'joined'
})
process.stdout.write(await outcome.catch((error: unknown) => String(error)))
