using System.Globalization;
using System.Text;
using Federation.Core.Values;

namespace Federation.Planner.Writing;

/// <summary>
/// The values of a statement that are too large for its text: the kernel reads, keeps and copies text many times over. They stand in it as
/// parameters, from $2 on (the worker has a use for $1), and the kernel plans with them as with constants. In the place of the largest
/// stands a handle, by which the kernel reads them where they are.
/// </summary>
internal sealed class KernelValues
{
    /// <summary>
    /// Characters or bytes of a constant from which on it is such a value. A statement with them costs a little more to plan.
    /// </summary>
    private const int LeastLength = 16 << 10;

    private readonly Dictionary<object, string> _texts = new(ReferenceEqualityComparer.Instance);
    private readonly List<LargeValue> _values = [];

    public EquatableArray<LargeValue> Values => _values.ToEquatableArray();

    public string Write(Constant constant) => constant.Value switch
    {
        string { Length: >= LeastLength } text => Write(text, () => new LargeValue(IsText: true, Encoding.UTF8.GetBytes(text))),
        byte[] { Length: >= LeastLength } bytes => Write(bytes, () => new LargeValue(IsText: false, bytes)),
        var value => KernelLiterals.Write(value, constant.Type),
    };

    public string Write(LargeValue value) => Write(value, () => value);

    private string Write(object value, Func<LargeValue> make)
    {
        if (_texts.TryGetValue(value, out var known)) return known;
        var made = make();
        _values.Add(made);
        var number = string.Create(CultureInfo.InvariantCulture, $"${_values.Count + 1}");
        return _texts[value] = !made.IsBorrowed ? number
            : $"{(made.IsText ? LargeValue.TextFunction : LargeValue.ByteaFunction)}({number})";
    }
}
