using Federation.Plan;

namespace Federation.Session.Cursors;

/// <summary>
/// Whether a cursor declared with neither SCROLL nor NO SCROLL can go backward: as PostgreSQL has it, when its plan could be run backward
/// at no extra cost (ExecSupportsBackwardScan in execAmi.c).
/// </summary>
internal static class BackwardScan
{
    public static bool IsSupported(LogicalPlan plan) => plan switch
    {
        Scan or FunctionScan or CteScan => true,
        Federation.Plan.Values values => values.Outputs.Count > 0,
        Sort => true,
        Filter or Project or Limit or With => IsSupported(plan.Inputs[plan.Inputs.Count - 1]),
        SetOperation { Type: SetOperationType.Union, IsAll: true } union => IsSupported(union.Left) && IsSupported(union.Right),
        _ => false,
    };
}
