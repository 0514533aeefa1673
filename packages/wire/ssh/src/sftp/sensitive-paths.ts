/**
 * Files whose writing or reading is more than that, wherever a home folder may be: names below it are looked for in every folder.
 * A folder on the way counts too, because a rename puts a whole tree there.
 */

/** What stands in these runs later, or says who may do what. */
const persistent: readonly RegExp[] = [
  // Keys and commands of SSH itself.
  /\/\.ssh(?:\/|$)/,
  /\/\.(?:rhosts|shosts)$/,
  // Start-up files of shells, editors and programs that run what stands in them.
  /\/\.(?:bash(?:rc|_profile|_login|_logout|_aliases)|profile|zshrc|zshenv|zprofile|zlogin|zlogout|kshrc|mkshrc|cshrc|tcshrc|login|logout|inputrc|pam_environment|xinitrc|xsession|xsessionrc|xprofile|forward|procmailrc|gitconfig|vimrc|exrc|nanorc|emacs|tmux\.conf|screenrc|gdbinit|pythonrc|npmrc|envrc|direnvrc)$/,
  /\/\.(?:config|local|vim|emacs\.d|oh-my-zsh|zsh|bashrc\.d|profile\.d|kube|docker|aws|gnupg)$/,
  /\/\.config\/(?:fish|systemd|autostart|environment\.d|git|nvim)(?:\/|$)/,
  /\/\.local\/(?:bin|share\/systemd|share\/applications|lib\/python[^/]*)(?:\/|$)/,
  /\/\.(?:vim|emacs\.d|oh-my-zsh|zsh|bashrc\.d|profile\.d)\//,
  /\/\.git\/(?:hooks(?:\/|$)|config$)/,
  /\/\.husky(?:\/|$)/,
  /\/\.(?:vscode-server|cursor-server|windsurf-server)\/(?:data\/Machine|server-env-setup)(?:\/|$)/,
  // The system's own.
  /^\/(?:etc|bin|sbin|lib[^/]*|usr|boot|proc|sys|dev|run)(?:\/|$)/,
  /^\/var\/(?:run|spool\/(?:cron|at|anacron)|lib\/(?:systemd|dpkg|cloud|docker|kubelet|rancher))(?:\/|$)/,
  /^\/(?:var|var\/spool|var\/lib|root|home|Users|opt|srv|home\/[^/]+|Users\/[^/]+)?$/,
  /^\/(?:System|Library)(?:\/|$)/,
  /\/(?:crontab|crontabs|cron\.(?:d|daily|hourly|weekly|monthly))(?:\/|$)/,
];

/** Reading these shows keys, passwords or the memory of the machine. */
const guarded: readonly RegExp[] = [
  /^\/etc\/(?:shadow|gshadow|sudoers)[^/]*$/,
  /^\/etc\/(?:sudoers\.d|ssl\/private|letsencrypt\/archive|kubernetes|rancher)\//,
  /^\/etc\/(?:krb5\.keytab|security\/opasswd|ssh\/ssh_host_[^/]*_key)$/,
  /^\/var\/(?:spool\/cron|lib\/kubelet|run\/secrets)\//,
  /^\/run\/secrets\//,
  /^\/proc\/(?:[^/]+\/(?:environ|mem|maps|cmdline|fd(?:\/.*)?|root(?:\/.*)?|cwd(?:\/.*)?|task\/.*)|kcore|kmsg)$/,
  /^\/dev\/(?!null$|zero$|random$|urandom$|full$)/,
  /\/\.ssh\/(?:id_[^/.]+|identity|[^/]+\.(?:pem|key))$/,
  /\/id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?$/,
  /\/\.(?:gnupg|azure|password-store)\//,
  /\/\.aws\/(?:credentials$|.*\/cache\/)/,
  /\/\.config\/(?:gcloud\/|gh\/hosts\.yml$|hub$)/,
  /\/\.(?:kube\/config|kube\/cache\/.*|docker\/config\.json)$/,
  /\/\.(?:netrc|pgpass|my\.cnf|mylogin\.cnf|git-credentials|npmrc|pypirc|vault-token)$/,
  /\/\.local\/share\/keyrings\//,
];

export function isPersistent(path: string): boolean {
  return persistent.some((pattern) => pattern.test(path));
}

export function isGuarded(path: string): boolean {
  return guarded.some((pattern) => pattern.test(path));
}
