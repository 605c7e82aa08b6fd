using System.Collections.Immutable;
using System.Globalization;

namespace Federation.Session.Settings;

/// <summary>
/// The settings of one session. Values are transactional: ROLLBACK and ROLLBACK TO undo SET, the end of a transaction undoes SET LOCAL.
/// Used by one thread at a time.
/// </summary>
internal sealed class SessionSettings
{
    private sealed record State(ImmutableDictionary<string, string> Session, ImmutableDictionary<string, string> Local);

    /// <summary>RESET ALL leaves them alone.</summary>
    private static readonly string[] s_identity = ["role", "session_authorization", "is_superuser"];

    private static readonly string[] s_transactionOnly = ["transaction_isolation", "transaction_read_only", "transaction_deferrable"];

    private readonly Dictionary<string, string> _defaults = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _reported = new(StringComparer.Ordinal);
    private readonly Queue<KeyValuePair<string, string>> _changes = new();
    private readonly Stack<(string Name, State State)> _savepoints = new();
    private State _state = new(
        ImmutableDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase),
        ImmutableDictionary.Create<string, string>(StringComparer.OrdinalIgnoreCase));

    private State? _atBegin;

    public TextFormat TextFormat { get; private set; } = TextFormat.Default;

    /// <summary>Sets what tells the names behind OIDs, which depend on the session.</summary>
    public void SetObjectNames(Core.Values.IObjectNames names) => TextFormat = TextFormat with { ObjectNames = names };

    public IReadOnlyList<KeyValuePair<string, string>> Reported =>
        SettingsTable.All.Where(setting => setting.IsReported)
            .Select(setting => KeyValuePair.Create(setting.Name, Get(setting.Name))).ToArray();

    /// <summary>Sets what the session falls back to: facts about the server and start-up parameters.</summary>
    public void SetDefault(string name, string value)
    {
        var setting = SettingsTable.Find(name);
        _defaults[name] = setting is { IsReadOnly: false } ? SettingValues.Normalize(setting, value) : value;
        if (setting is null) RequireCustomName(name);
        Changed();
    }

    /// <summary>The present value. Raises 42704 for an unknown name.</summary>
    public string Get(string name) => Find(name) ?? throw Unknown(name);

    public string? Find(string name)
    {
        if (_state.Local.TryGetValue(name, out var local)) return local;
        if (_state.Session.TryGetValue(name, out var value)) return value;
        // Outside of a transaction block its characteristics are those that the next one will have.
        if (Array.Exists(s_transactionOnly, item => item.Equals(name, StringComparison.OrdinalIgnoreCase))) return Find("default_" + name);
        return _defaults.TryGetValue(name, out var fallback) ? fallback : SettingsTable.Find(name)?.Default;
    }

    /// <summary>The present value as SHOW prints it.</summary>
    public string Show(string name)
    {
        var value = Get(name);
        return SettingsTable.Find(name) is { } setting ? SettingValues.Show(setting, value) : value;
    }

    public bool GetBool(string name) => Get(name) == "on";

    public long GetInteger(string name) => long.Parse(Get(name), CultureInfo.InvariantCulture);

    /// <summary>Values that would change what statements mean.</summary>
    private static readonly HashSet<(string, string)> s_refused =
        [("standard_conforming_strings", "off"), ("transform_null_equals", "on"), ("array_nulls", "off")];

    /// <param name="value">Null for DEFAULT.</param>
    public void Set(string name, string? value, bool isLocal)
    {
        var setting = SettingsTable.Find(name);
        if (setting is null) RequireCustomName(name);
        if (SessionIdentity.IsIdentity(name))
            throw new SqlException(SqlState.FeatureNotSupported, $"parameter \"{setting!.Name}\" cannot be set by a function")
                { Hint = $"Use SET {(setting.Name == "role" ? "ROLE" : "SESSION AUTHORIZATION")}." };
        if (setting is { IsReadOnly: true })
            throw new SqlException(SqlState.CantChangeRuntimeParam, $"parameter \"{setting.Name}\" cannot be changed");
        if (value is not null && setting is not null)
            value = Normalize(setting, name, value);
        if (setting is not null && value is not null && s_refused.Contains((setting.Name, value)))
            throw new SqlException(SqlState.FeatureNotSupported, $"{setting.Name} = {value} is not supported");
        Assign(name, value, isLocal);
    }

    /// <summary>Sets what only the session itself may set, with the same life as what SET sets.</summary>
    public void SetFact(string name, string value, bool isLocal) => Assign(name, value, isLocal);

    private void Assign(string name, string? value, bool isLocal)
    {
        _state = (isLocal, value) switch
        {
            (true, null) => _state with { Local = _state.Local.SetItem(name, Fallback(name)) },
            (true, _) => _state with { Local = _state.Local.SetItem(name, value!) },
            (false, null) => new State(_state.Session.Remove(name), _state.Local.Remove(name)),
            (false, _) => new State(_state.Session.SetItem(name, value!), _state.Local.Remove(name)),
        };
        Changed();
    }

    public void ResetAll()
    {
        _state = new State(Kept(_state.Session), Kept(_state.Local));
        Changed();
    }

    /// <summary>The transaction's own characteristics are not touched by RESET ALL.</summary>
    private static ImmutableDictionary<string, string> Kept(ImmutableDictionary<string, string> values) =>
        values.Clear()
            .AddRange(values.Where(item => item.Key.StartsWith("transaction_", StringComparison.Ordinal) || s_identity.Contains(item.Key)));

    public void Begin() => _atBegin ??= _state;

    /// <summary>
    /// Errors name the setting as the client spelled it, except those of settings whose text is checked by a function of their own.
    /// </summary>
    private string Normalize(SettingDefinition setting, string name, string value)
    {
        try
        {
            return setting.Name == "DateStyle" ? DateStyles.Normalize(value, Get("DateStyle")) : SettingValues.Normalize(setting, value);
        }
        catch (SqlException error) when (name != setting.Name && setting.Kind != SettingKind.Text)
        {
            throw new SqlException(error.State,
                error.Message.Replace($"parameter \"{setting.Name}\"", $"parameter \"{name}\"", StringComparison.Ordinal))
                    { Detail = error.Detail, Hint = error.Hint };
        }
    }

    public void Commit()
    {
        _atBegin = null;
        _savepoints.Clear();
        EndTransaction(_state.Session);
    }

    public void Rollback()
    {
        var session = _atBegin?.Session ?? _state.Session;
        _atBegin = null;
        _savepoints.Clear();
        EndTransaction(session);
    }

    public void Savepoint(string name) => _savepoints.Push((name, _state));

    public void Release(string name)
    {
        while (_savepoints.TryPop(out var savepoint) && savepoint.Name != name) { }
    }

    public void RollbackTo(string name)
    {
        while (_savepoints.TryPeek(out var savepoint) && savepoint.Name != name) _savepoints.Pop();
        if (_savepoints.TryPeek(out var target)) _state = target.State;
        Changed();
    }

    /// <summary>The next reported parameter whose value the client does not know.</summary>
    public KeyValuePair<string, string>? TakeChange() => _changes.TryDequeue(out var change) ? change : null;

    /// <summary>Forgets changes so far: the client is told all reported values at the start.</summary>
    public void MarkReported()
    {
        _changes.Clear();
        foreach (var (name, value) in Reported) _reported[name] = value;
    }

    private void EndTransaction(ImmutableDictionary<string, string> session)
    {
        var kept = session.RemoveRange(s_transactionOnly);
        // Most transactions set nothing.
        if (ReferenceEquals(kept, _state.Session) && _state.Local.IsEmpty) return;
        _state = new State(kept, _state.Local.Clear());
        Changed();
    }

    private string Fallback(string name) => _defaults.GetValueOrDefault(name) ?? SettingsTable.Find(name)?.Default ?? "";

    private void Changed()
    {
        var (format, order) = DateStyles.Parse(Get("DateStyle"));
        TextFormat = TextFormat with
        {
            TimeZone = TimeZones.Find(Get("TimeZone")) ?? TimeZoneInfo.Utc,
            DateFormat = format,
            DateOrder = order,
            IntervalStyle = Get("IntervalStyle") switch
            {
                "postgres_verbose" => IntervalStyle.PostgresVerbose,
                "sql_standard" => IntervalStyle.SqlStandard,
                "iso_8601" => IntervalStyle.Iso8601,
                _ => IntervalStyle.Postgres,
            },
            ByteaOutput = Get("bytea_output") == "escape" ? ByteaOutput.Escape : ByteaOutput.Hex,
            ExtraFloatDigits = (int)GetInteger("extra_float_digits"),
        };
        foreach (var (name, value) in Reported)
        {
            if (!_reported.TryGetValue(name, out var known) || known == value) continue;
            _reported[name] = value;
            _changes.Enqueue(KeyValuePair.Create(name, value));
        }
    }

    private static void RequireCustomName(string name)
    {
        // Any name with a dot is a custom setting, as extensions have them.
        if (!name.Contains('.', StringComparison.Ordinal)) throw Unknown(name);
    }

    private static SqlException Unknown(string name) =>
        new(SqlState.UndefinedObject, $"unrecognized configuration parameter \"{name}\"");
}
