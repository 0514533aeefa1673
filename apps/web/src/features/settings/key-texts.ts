import type { InstallationKeyView } from '@sluice/api';

interface KeyTexts {
  readonly title: string;
  readonly what: string;
  /** What changing it does and costs. */
  readonly rotating: string;
  /** Before the first and the second step; empty where the page has none. */
  readonly beginning: string;
  readonly finishing: string;
  /** Where it is changed on the machines; null: here. */
  readonly commands: string | null;
}

/** In plain words what docs/runbook-keys.md says at length. */
export const keyTexts: Readonly<Record<InstallationKeyView['kind'], KeyTexts>> = {
  signing: {
    title: 'Bundle-signing key',
    what: 'Signs what gateways obey: their bundles of policy and connections, and tickets. Each gateway pinned it when it enrolled.',
    rotating:
      'Two steps. The next key is published first, signed by this one, and gateways pin it; then it is put in force and every control-plane node is restarted. Sessions through a gateway’s own port go on; relayed ones end with their node.',
    beginning:
      'A next key is made and published beside the one in force. Nothing changes for anybody until you put it in force.',
    finishing:
      'Restart every control-plane node right afterwards: until then it signs with the old key, which gateways no longer obey.',
    commands: null,
  },
  ca: {
    title: 'Certificate authority',
    what: 'Issues the 24-hour certificates by which clients know a connection’s native port. Clients hold its root.',
    rotating:
      'Two steps. The next root is published beside this one; give both to clients. Once they have them it is put in force and every node is restarted. A client without the new root refuses to connect.',
    beginning:
      'A next root is made. Restart every node: `sluice ca` then prints both roots; give them to clients before you go on.',
    finishing: 'Clients that do not have the new root refuse to connect from the next restart of the nodes on.',
    commands: null,
  },
  'ssh-ca': {
    title: 'SSH certificate authority',
    what: 'Certifies, for minutes, the keys that people and agents sign in with over SSH, and for a day the host key that each gateway shows. It cannot open anything by itself: the control plane is asked for every certificate that it signed.',
    rotating:
      'Two steps, no restart. The next key is published first: gateways take certificates of both, and “sluice ssh” pins both. Once it is in force gateways show certificates of the new one within moments. A printed configuration learns it at its next use.',
    beginning:
      'A next key is made and published beside the one in force. Nothing changes for anybody until you put it in force.',
    finishing:
      'Certificates of the old key stop counting within moments; “sluice ssh” fetches a new one by itself. Files of known hosts that were copied elsewhere need the new line first.',
    commands: null,
  },
  master: {
    title: 'Master key',
    what: 'Seals the other keys and every secret of this installation in the database. It stands in a file on each node, never here. The mark tells it from another and says nothing about it.',
    rotating:
      'Restart every node with both files: the first one seals everything anew. Then restart without the old one, back up the new one and destroy the old. Nobody is signed out and no session ends but relayed ones.',
    beginning: '',
    finishing: '',
    commands: [
      'openssl rand 32 | basenc --base64url -w0 | tr -d = > /etc/sluice/master-next.key',
      'SLUICE_MASTER_KEY_FILE=/etc/sluice/master-next.key SLUICE_OLD_MASTER_KEY_FILE=/etc/sluice/master.key  # restart each node with these',
      'sluice backup create /etc/sluice/master-next.key --out control-plane.sluice-backup',
    ].join('\n'),
  },
  cookie: {
    title: 'Cookie secret',
    what: 'Signs the cookies by which browsers stay signed in. It is AUTH_SECRET of each node, never here.',
    rotating:
      'With the old one in AUTH_SECRET_PREVIOUS nobody is signed out; leave that out after a theft, and everybody signs in again. After 12 hours restart without it.',
    beginning: '',
    finishing: '',
    commands: 'AUTH_SECRET=… AUTH_SECRET_PREVIOUS=…  # restart each node with these; after 12 hours without the second',
  },
};
