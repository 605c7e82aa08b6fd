using System.Collections.Immutable;

namespace Federation.PgWire.Protocol;

/// <summary>What the connection has to do for a message, in order.</summary>
public enum ProtocolAction
{
    RunSimpleQuery,
    Parse,
    Bind,
    Describe,
    Execute,
    Close,
    RejectFunctionCall,

    /// <summary>Commit the implicit transaction (Sync).</summary>
    EndTransaction,
    SendError,
    SendReadyForQuery,
    Flush,
    Terminate,

    /// <summary>A password message when none was asked for.</summary>
    Violate,
}

/// <summary>
/// The order rules of the query protocols, without I/O (https://www.postgresql.org/docs/15/protocol-flow.html and PostgresMain): which
/// messages are acted on, what an error skips, and when ReadyForQuery is due. Exactly one ReadyForQuery answers each Sync, Query and
/// FunctionCall that is acted on. After an error in an extended-protocol message everything up to Sync is discarded, simple queries
/// included; an error in a simple query, a function call or Sync itself skips nothing.
/// </summary>
public sealed class ExtendedQueryMachine
{
    private static readonly ImmutableArray<ProtocolAction> s_simpleQuery = [ProtocolAction.RunSimpleQuery, ProtocolAction.SendReadyForQuery,
        ProtocolAction.Flush];
    private static readonly ImmutableArray<ProtocolAction> s_parse = [ProtocolAction.Parse];
    private static readonly ImmutableArray<ProtocolAction> s_bind = [ProtocolAction.Bind];
    private static readonly ImmutableArray<ProtocolAction> s_describe = [ProtocolAction.Describe];
    private static readonly ImmutableArray<ProtocolAction> s_execute = [ProtocolAction.Execute];
    private static readonly ImmutableArray<ProtocolAction> s_close = [ProtocolAction.Close];
    private static readonly ImmutableArray<ProtocolAction> s_sync = [ProtocolAction.EndTransaction, ProtocolAction.SendReadyForQuery,
        ProtocolAction.Flush];
    private static readonly ImmutableArray<ProtocolAction> s_flush = [ProtocolAction.Flush];
    private static readonly ImmutableArray<ProtocolAction> s_functionCall =
        [ProtocolAction.RejectFunctionCall, ProtocolAction.SendReadyForQuery, ProtocolAction.Flush];

    private static readonly ImmutableArray<ProtocolAction> s_terminate = [ProtocolAction.Terminate];
    private static readonly ImmutableArray<ProtocolAction> s_violate = [ProtocolAction.Violate];
    private static readonly ImmutableArray<ProtocolAction> s_errorEndsCycle = [ProtocolAction.SendError, ProtocolAction.SendReadyForQuery,
        ProtocolAction.Flush];

    // The Flush that a client may have sent behind the failed message is among what is skipped, so the error must not wait for it.
    private static readonly ImmutableArray<ProtocolAction> s_errorSkips = [ProtocolAction.SendError, ProtocolAction.Flush];

    private bool _isExtended;

    /// <summary>True between an error in an extended-protocol message and the next Sync.</summary>
    public bool IsSkipping { get; private set; }

    /// <summary>What to do for this message; nothing when it is to be discarded.</summary>
    public ImmutableArray<ProtocolAction> Accept(FrontendMessageType message)
    {
        switch (message)
        {
            case FrontendMessageType.Terminate: return s_terminate;
            case FrontendMessageType.Sync:
                IsSkipping = false;
                _isExtended = false;
                return s_sync;
            // Left over from a COPY that failed.
            case FrontendMessageType.CopyData or FrontendMessageType.CopyDone or FrontendMessageType.CopyFail: return [];
            case FrontendMessageType.Password: return s_violate;
        }

        if (IsSkipping) return [];
        _isExtended = message is not (FrontendMessageType.Query or FrontendMessageType.FunctionCall);
        return message switch
        {
            FrontendMessageType.Query => s_simpleQuery,
            FrontendMessageType.Parse => s_parse,
            FrontendMessageType.Bind => s_bind,
            FrontendMessageType.Describe => s_describe,
            FrontendMessageType.Execute => s_execute,
            FrontendMessageType.Close => s_close,
            FrontendMessageType.Flush => s_flush,
            FrontendMessageType.FunctionCall => s_functionCall,
            _ => s_violate,
        };
    }

    /// <summary>An action of the last message failed: the rest of its actions is replaced by these.</summary>
    public ImmutableArray<ProtocolAction> Fail()
    {
        if (!_isExtended) return s_errorEndsCycle;
        IsSkipping = true;
        return s_errorSkips;
    }
}
