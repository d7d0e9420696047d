/** What `--help` of `edge-net identity` and its sub-commands says below the options. */

const ENVIRONMENT = `Environment:
  EDGE_NET_DATA                   as --data
  NO_COLOR                        no colour`
const SECRET_ENVIRONMENT = `Environment:
  EDGE_NET_DATA                   as --data
  EDGE_NET_PASS_PHRASE            the pass phrase; otherwise it is asked for, or is the first line of the standard input
                                  where that is no terminal
  NO_COLOR                        no colour`
const EXITS = `Exit codes:
  0    done
  1    the backup is damaged or newer, the pass phrase is wrong, something is in the way, or an identity cannot be used
  2    wrong arguments or environment, or no such identity
  130  interrupted`

export const IDENTITY_HELP = `
Each has its own help, as: edge-net identity export --help

Examples:
  edge-net identity list
  edge-net identity new laptop
  edge-net identity export --output ada.json
  edge-net identity import ada.json --label ada
  edge-net identity use ada`

export const NEW_HELP = `
A label is yours alone: nobody else sees it. Without one the new identity is called default, which is the one that join makes
by itself on first use. The first identity of a data folder is the one in use; others are when you say so.

Examples:
  edge-net identity new laptop
  edge-net join https://edge.example/n/mainnet --identity laptop

${ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  made, failed

${EXITS}`

export const LIST_HELP = `
It lists what is in the data folder, marks the one in use, and says which cannot be used, and why.

Examples:
  edge-net identity list
  edge-net identity list --json | jq -r 'select(.isCurrent) | .siteId'

${ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  identity, empty, failed

${EXITS}`

export const EXPORT_HELP = `
The backup is a small text. Without the pass phrase it is of no use, to you neither: there is no other way back. Protecting it
takes about a second, and so does every guess of somebody who finds it. The join page restores it, too.

Examples:
  edge-net identity export --output ada.json
  edge-net identity export laptop > laptop.json
  EDGE_NET_PASS_PHRASE=$(pass edge-net) edge-net identity export --output ada.json --json

${SECRET_ENVIRONMENT}

JSON events, each with "event" and "sinceMs", with --output only:
  exported, failed

${EXITS}`

export const IMPORT_HELP = `
It takes a backup that was made here, elsewhere, or by the join page, and replaces nothing. The first identity of a data folder
is the one in use; others are when you say so.

Examples:
  edge-net identity import ada.json
  edge-net identity import ada.json --label ada && edge-net identity use ada

${SECRET_ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  imported, failed

${EXITS}`

export const USE_HELP = `
From now on join and ledger take this identity, unless --identity or EDGE_NET_IDENTITY names another one.

Examples:
  edge-net identity use laptop
  edge-net identity use default

${ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  using, failed

${EXITS}`
