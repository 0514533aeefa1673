import type { Detector } from './subject.ts';
import { flag } from './subject.ts';

/**
 * Keys with a known form. Every pattern starts at the edge of a run and ends in one bounded or open class, so a failing
 * attempt costs at most the shortest body; none has a quantifier inside a quantifier. Retyped from the vendors' own
 * descriptions of their formats.
 */
function byPatterns(name: string, patterns: readonly string[], edge = '(?<![A-Za-z0-9])'): Detector {
  const expression = new RegExp(`${edge}(?:${patterns.join('|')})`, 'g');
  return {
    name,
    word: 'secret',
    secret: true,
    needs: flag.run,
    find({ text }, report) {
      expression.lastIndex = 0;
      for (let match = expression.exec(text); match !== null; match = expression.exec(text)) {
        report(match.index, match.index + match[0].length);
      }
    },
  };
}

/** RFC 7519 tokens: a base64url JSON header, claims, and a signature that may be missing. */
export const jwt = byPatterns(
  'jwt',
  ['eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{4,}(?:\\.[A-Za-z0-9_-]*)?'],
  '(?<![A-Za-z0-9_-])',
);

export const cloudKey = byPatterns('cloud-key', [
  // AWS access key ids and Bedrock keys.
  '(?:AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AROA|ANPA|ANVA)[A-Z0-9]{16}(?![A-Za-z0-9])',
  'ABSK[A-Za-z0-9+/]{40,}={0,2}',
  // Google API keys, OAuth client secrets and access tokens.
  'AIza[A-Za-z0-9_-]{35}',
  'GOCSPX-[A-Za-z0-9_-]{20,}',
  'ya29\\.[A-Za-z0-9_-]{20,}',
  // Azure storage and client secrets.
  'AccountKey=[A-Za-z0-9+/]{40,}={0,2}',
  '[A-Za-z0-9]{3}8Q~[A-Za-z0-9~._-]{31,}',
  // DigitalOcean, Databricks, Cloudflare, Fly, HashiCorp Vault and Terraform.
  'do[opr]_v1_[a-f0-9]{40,}',
  'dapi[a-f0-9]{32}',
  'v1\\.0-[a-f0-9]{24}-[a-f0-9]{100,}',
  'fo1_[A-Za-z0-9_-]{40,}',
  'FlyV1 fm[12][A-Za-z0-9_]{0,3}[A-Za-z0-9+/=,_-]{40,}',
  'hv[sbr]\\.[A-Za-z0-9_-]{20,}',
  '[A-Za-z0-9]{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,}',
]);

export const vendorKey = byPatterns('vendor-key', [
  // GitHub and GitLab.
  'gh[pousr]_[A-Za-z0-9]{30,}',
  'github_pat_[A-Za-z0-9_]{22,}',
  'gl(?:pat|rt|dt|ft|soat|cbt|ptt|agent|imt|oas)-[A-Za-z0-9_=-]{16,}',
  // Slack, Discord-like bots, Telegram.
  'xox[abceoprs]-[A-Za-z0-9-]{10,}',
  'xapp-\\d-[A-Za-z0-9-]{10,}',
  'hooks\\.slack\\.com/(?:services|workflows|triggers)/[A-Za-z0-9/]{20,}',
  '\\d{8,10}:AA[A-Za-z0-9_-]{32,}',
  // Stripe and the many that took over its form, Square, PayPal-Braintree, Shopify.
  '(?:sk|rk|pk|ak|api|key|secret)_(?:live|test|prod|sandbox)_[A-Za-z0-9_]{8,}',
  'whsec_[A-Za-z0-9+/=]{20,}',
  'sq0[a-z]{3}-[A-Za-z0-9_-]{20,}',
  'access_token\\$(?:production|sandbox)\\$[a-z0-9$]{20,}',
  'shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}',
  // Anthropic, OpenAI and others of their kind.
  'sk-[A-Za-z0-9_-]{20,}',
  'hf_[A-Za-z0-9]{30,}',
  'gsk_[A-Za-z0-9]{40,}',
  'r8_[A-Za-z0-9]{30,}',
  'pplx-[A-Za-z0-9]{40,}',
  'xai-[A-Za-z0-9]{40,}',
  // Package registries and build services.
  'npm_[A-Za-z0-9]{30,}',
  'pypi-[A-Za-z0-9_-]{40,}',
  'rubygems_[a-f0-9]{40,}',
  'dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}',
  'NRAK-[A-Z0-9]{27}',
  'glsa_[A-Za-z0-9_]{32,}',
  'lin_api_[A-Za-z0-9]{32,}',
  'ntn_[A-Za-z0-9]{40,}',
  'PMAK-[a-f0-9]{24}-[a-f0-9]{34}',
  'dp\\.(?:pt|st|ct|sa|scim|audit)\\.[A-Za-z0-9._-]{36,}',
  // Mail and telephony: SendGrid, Mailgun, Twilio, Mailchimp.
  'SG\\.[A-Za-z0-9_-]{16,}\\.[A-Za-z0-9_-]{16,}',
  'key-[a-f0-9]{32}(?![A-Za-z0-9])',
  '(?:AC|SK)[a-f0-9]{32}(?![A-Za-z0-9])',
  '[a-f0-9]{32}-us\\d{1,2}(?![A-Za-z0-9])',
]);

/** Sluice's own tokens of people, service identities and gateway enrolment. */
export const sluiceToken = byPatterns('sluice-token', ['sl[psg]_[A-Za-z0-9_-]{16,}']);

/** Stored passwords in the forms of crypt(3), bcrypt, Argon2, PBKDF2 and SCRAM (RFC 5803 and PostgreSQL): they can be guessed at leisure. */
export const passwordHash = byPatterns('password-hash', [
  'SCRAM-SHA-(?:1|256|512)\\$\\d{3,8}:[A-Za-z0-9+/=]{8,}\\$[A-Za-z0-9+/=:]{20,}',
  '\\$2[abxy]\\$\\d\\d\\$[A-Za-z0-9./]{53}',
  '\\$argon2(?:id|i|d)\\$[A-Za-z0-9+/=,$]{30,}',
  '\\$(?:1|5|6|y|7|gy)\\$[A-Za-z0-9./=$]{20,}',
  '\\{S?SHA(?:256|384|512)?\\}[A-Za-z0-9+/]{20,}={0,2}',
  'pbkdf2[_:-]sha\\d{1,3}[$:]\\d{3,8}[$:][A-Za-z0-9+/=$:._-]{20,}',
]);
