/** What `--help` of the commands about networks and their members says below their options. */

const ENVIRONMENT = `Environment:
  EDGE_NET_DATA                   as --data
  EDGE_NET_IDENTITY               as --identity
  NO_COLOR                        no colour`

const EXITS = `Exit codes:
  0    done
  1    failed
  2    wrong arguments or environment, also when this identity may not do it
  3    refused by the host, or the network is not known there
  4    the host cannot be reached
  5    not a member
  130  interrupted`

export const CREATE_HELP = `
It signs what the network is, once and for good: name, description, policy, approvers and parameters. The network's id is the
hash of that, so the URL that it prints means this network and no other, on whatever host. The identity of the data folder is
its creator: keep it, for nobody else can make invites or remove members.

Policies:
  public       everybody who has the URL is a member; the host lists it
  private      members are whom the creator has invited (edge-net invite) or approved (edge-net approve)
  consortium   members are whom so many of the approvers have approved (edge-net approve)

An approver's siteId is what edge-net identity list prints for him.

Examples:
  edge-net create https://edge.example --name "Render farm"
  edge-net create https://edge.example --name "Our lab" --policy private --description "Simulations of group 7"
  edge-net create https://edge.example --name Alliance --policy consortium --threshold 2
      --approver Yq3xK9wLmZ2pR7tV1nB5cD8fG4hJ6kMsQwEeRrTtYyU --approver 2bVnR7tKqY9wLmZpX3cD8fG4hJ6kMsQwEeRrTtYyUoI
  edge-net create https://edge.example --name Strict --confirmations 5 --degree 12 --entry-gap 1 --json

${ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  created, failed

${EXITS}`

export const NETWORKS_HELP = `
Without a host it lists the networks in the data folder and what you are in each: creator, approver, member, or still waiting.
With one it lists the public networks there, those with most members first. A name is only a label that its founder chose, and
several networks may have the same: what counts is the URL.

Examples:
  edge-net networks
  edge-net networks https://edge.example
  edge-net networks https://edge.example --query render --limit 5
  edge-net networks https://edge.example --all --json | jq -r 'select(.event == "network") | .url'

${ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  known, network, listed, failed

${EXITS}`

export const INVITE_HELP = `
It prints a link: whoever has it may join until it is used up, or over. On a terminal it draws the link as a QR code, too. The
secret stands behind the #, which browsers send to nobody; pass the link on as you would a password. Only the network's
creator can make one, and it is kept in the data folder, to be listed and revoked.

How often a link was used is counted by the host. Until when it is valid is checked by every member; its end ends the
memberships that came of it, too. Revoking it removes everybody who came in by it.

Examples:
  edge-net invite https://edge.example/n/net-…
  edge-net invite https://edge.example/n/net-… --expires 7d --uses 20
  edge-net invite https://edge.example/n/net-… --list
  edge-net invite https://edge.example/n/net-… --revoke Yq3xK9wLmZ2p
  edge-net invite https://edge.example/n/net-… --json | jq -r 'select(.event == "invite") | .url'

${ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  invite, listed, removed, failed

${EXITS}`

export const APPROVE_HELP = `
Without ids it lists who waits: name and note are what they say of themselves; the siteId is what they cannot choose. Compare it
with what they tell you by another way before you let them in. In a private network its creator decides; in a consortium so
many of its approvers must, each with a command of his own.

--watch goes on until Ctrl-C, and on a terminal asks about each. With --all it lets everybody in who comes.
A whole siteId is approved whether its owner waits or not.

Examples:
  edge-net approve https://edge.example/n/net-…
  edge-net approve https://edge.example/n/net-… Yq3xK9wLmZ2p
  edge-net approve https://edge.example/n/net-… Yq3xK9wLmZ2p --expires 30d
  edge-net approve https://edge.example/n/net-… Yq3xK9wLmZ2p --decline
  edge-net approve https://edge.example/n/net-… --watch
  edge-net approve https://edge.example/n/net-… --json | jq -r 'select(.event == "waiting") | [.siteId, .name] | @tsv'

${ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  waiting, listed, approved, declined, failed

${EXITS}`

export const REMOVE_HELP = `
It says what it means and asks, unless --yes is given. Members end their links to whoever is removed, at once where they are in
the room and when they hear of it where they are not; the removed identity cannot come back. What it has contributed stays.
Only the network's creator can do it. siteIds of members are what edge-net join and edge-net ledger show print.

Examples:
  edge-net remove https://edge.example/n/net-… Yq3xK9wLmZ2pR7tV1nB5cD8fG4hJ6kMsQwEeRrTtYyU
  edge-net remove https://edge.example/n/net-… Yq3xK9wLmZ2pR7tV1nB5cD8fG4hJ6kMsQwEeRrTtYyU --yes --json

${ENVIRONMENT}

JSON events, each with "event" and "sinceMs":
  removed, failed

${EXITS}`
