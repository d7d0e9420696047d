/** `--identity`, which every sub-command has that takes an identity of the data folder. */
import { Option, type Command } from 'commander'

/** To be added to a sub-command. */
export function identityOption(): Option {
  return new Option(
    '--identity <label>',
    'which identity of the data folder, instead of the one in use (EDGE_NET_IDENTITY)',
  ).conflicts('ephemeral')
}

/** Has the option stand in the place of the variable, as long as this process lasts: flags win over the environment. */
export function heedIdentityOption(program: Command): void {
  program.hook('preAction', (_, command) => {
    const { identity } = command.opts<{ identity?: string }>()
    if (identity !== undefined) process.env['EDGE_NET_IDENTITY'] = identity
  })
}
