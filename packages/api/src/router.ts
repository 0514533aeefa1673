import { breakGlass, listEmergencies, reviewEmergency } from './access/emergencies.ts';
import { listGrants, revokeGrant } from './access/grants.ts';
import { cancelAccessRequest, decideAccessRequest, listAccessRequests, requestAccess } from './access/requests.ts';
import { createAccessRule, deleteAccessRule, listAccessRules, updateAccessRule } from './access/rules.ts';
import { showConnectionAccess } from './access/show-connection-access.ts';
import { createMaintenanceWindow, deleteMaintenanceWindow, listMaintenanceWindows } from './access/windows.ts';
import { endAlikeGrant, listAlikeGrants } from './approvals/alike.ts';
import { countWaiting } from './approvals/count-waiting.ts';
import { decideApproval } from './approvals/decide-approval.ts';
import { delegateApprovals, endDelegation, listDelegations } from './approvals/delegations.ts';
import { listApprovals } from './approvals/list-approvals.ts';
import { prepareDecision } from './approvals/prepare-decision.ts';
import { revertApproval } from './approvals/revert-approval.ts';
import { showApproval } from './approvals/show-approval.ts';
import { stateReason } from './approvals/state-reason.ts';
import { listEvents } from './audit/list-events.ts';
import { verifyChain } from './audit/verify-chain.ts';
import { createConnection } from './connections/create-connection.ts';
import { deleteConnection } from './connections/delete-connection.ts';
import { issueCertificate } from './connections/issue-certificate.ts';
import { issueTicket } from './connections/issue-ticket.ts';
import { listConnections } from './connections/list-connections.ts';
import { listSealingKeys } from './connections/list-sealing-keys.ts';
import { rotateCredential } from './connections/rotate-credential.ts';
import { showConnection } from './connections/show-connection.ts';
import { testConnection } from './connections/test-connection.ts';
import { updateConnection } from './connections/update-connection.ts';
import { createStream, deleteStream, listStreams, sendTest } from './event-streams/streams.ts';
import { confirmMember } from './gateways/confirm-member.ts';
import { createEnrolment } from './gateways/create-enrolment.ts';
import { finishRotation, listKeys, rotateKey } from './gateways/installation-keys.ts';
import { listGateways } from './gateways/list-gateways.ts';
import { revokeGateway } from './gateways/revoke-gateway.ts';
import { addKey } from './identities/add-key.ts';
import { createAgent } from './identities/create-agent.ts';
import { createGroup } from './identities/create-group.ts';
import { createPerson } from './identities/create-person.ts';
import { createToken } from './identities/create-token.ts';
import { exchangeToken } from './identities/exchange-token.ts';
import { explainAccess } from './identities/explain-access.ts';
import { listAgents } from './identities/list-agents.ts';
import { listGroups } from './identities/list-groups.ts';
import { listPeople } from './identities/list-people.ts';
import { listTokens } from './identities/list-tokens.ts';
import { revokeToken } from './identities/revoke-token.ts';
import { assignRole, listAssignments, revokeAssignment } from './identities/role-assignments.ts';
import { createRole, deleteRole, listRoles, updateRole } from './identities/roles.ts';
import { showMe } from './identities/show-me.ts';
import { updateAgent } from './identities/update-agent.ts';
import { updateGroup } from './identities/update-group.ts';
import { updatePerson } from './identities/update-person.ts';
import { removeChannel, retryDelivery, saveChannel, testChannel } from './notifications/change-channel.ts';
import { listChannels } from './notifications/list-channels.ts';
import { beginSlackLink, endSlackLink, savePreferences, showPreferences } from './notifications/preferences.ts';
import { showOverview } from './overview/show-overview.ts';
import { addPasskey } from './passkeys/add-passkey.ts';
import { removePasskey, renamePasskey } from './passkeys/change-passkey.ts';
import { listPasskeys } from './passkeys/list-passkeys.ts';
import { preparePasskey } from './passkeys/prepare-passkey.ts';
import { checkPolicy } from './policies/check-policy.ts';
import { explainStatement } from './policies/explain-statement.ts';
import { listVersions } from './policies/list-versions.ts';
import { publishPolicy, rollBack } from './policies/publish-policy.ts';
import { showActivePolicy } from './policies/show-active-policy.ts';
import { showVersion } from './policies/show-version.ts';
import { createCallerFactory, router } from './procedure.ts';
import { endRun } from './runs/end-run.ts';
import { listRuns } from './runs/list-runs.ts';
import { listStatements } from './runs/list-statements.ts';
import { showRun } from './runs/show-run.ts';
import { startRun } from './runs/start-run.ts';
import { listNotes } from './sessions/list-notes.ts';
import { listSessions } from './sessions/list-sessions.ts';
import { listTimeline } from './sessions/list-timeline.ts';
import { readTerminal } from './sessions/read-terminal.ts';
import { showSession } from './sessions/show-session.ts';
import { terminateSession } from './sessions/terminate-session.ts';
import { verifySession } from './sessions/verify-session.ts';

/** The whole API. CONTRACT.md lists inputs and outputs. */
export const appRouter = router({
  overview: router({ showOverview }),
  connections: router({
    listConnections,
    showConnection,
    createConnection,
    updateConnection,
    deleteConnection,
    testConnection,
    rotateCredential,
    issueTicket,
    issueCertificate,
    listSealingKeys,
  }),
  access: router({
    showConnectionAccess,
    listAccessRules,
    createAccessRule,
    updateAccessRule,
    deleteAccessRule,
    requestAccess,
    decideAccessRequest,
    cancelAccessRequest,
    listAccessRequests,
    listGrants,
    revokeGrant,
    breakGlass,
    listEmergencies,
    reviewEmergency,
    listMaintenanceWindows,
    createMaintenanceWindow,
    deleteMaintenanceWindow,
  }),
  keys: router({ listKeys, rotateKey, finishRotation }),
  gateways: router({ listGateways, confirmMember, createEnrolment, revokeGateway }),
  policies: router({
    showActivePolicy,
    listVersions,
    showVersion,
    checkPolicy,
    publishPolicy,
    rollBack,
    explainStatement,
  }),
  approvals: router({
    listApprovals,
    showApproval,
    decideApproval,
    revertApproval,
    prepareDecision,
    countWaiting,
    stateReason,
    listDelegations,
    delegateApprovals,
    endDelegation,
    listAlikeGrants,
    endAlikeGrant,
  }),
  sessions: router({
    listSessions,
    showSession,
    listTimeline,
    listNotes,
    readTerminal,
    terminateSession,
    verifySession,
  }),
  identities: router({
    showMe,
    listPeople,
    listAgents,
    listGroups,
    createPerson,
    updatePerson,
    createAgent,
    updateAgent,
    createGroup,
    updateGroup,
    listTokens,
    addKey,
    createToken,
    revokeToken,
    listRoles,
    createRole,
    updateRole,
    deleteRole,
    listAssignments,
    assignRole,
    revokeAssignment,
    explainAccess,
    exchangeToken,
  }),
  passkeys: router({ listPasskeys, preparePasskey, addPasskey, renamePasskey, removePasskey }),
  runs: router({ listRuns, listStatements, showRun, startRun, endRun }),
  notifications: router({
    listChannels,
    saveChannel,
    removeChannel,
    testChannel,
    retryDelivery,
    showPreferences,
    savePreferences,
    beginSlackLink,
    endSlackLink,
  }),
  streams: router({ listStreams, createStream, deleteStream, sendTest }),
  audit: router({ listEvents, verifyChain }),
});
export type AppRouter = typeof appRouter;

export const createCaller = createCallerFactory(appRouter);
