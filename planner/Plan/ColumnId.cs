namespace Federation.Plan;

/// <summary>
/// A column of a plan, unique within one statement. The name is for people: two columns may share it, and SQL writers make it unique.
/// </summary>
public sealed record Column(int Id, string Name, SqlType Type)
{
    public override string ToString() => Name;
}
