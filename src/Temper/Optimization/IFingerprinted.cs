using System.Text.Json.Nodes;

namespace Temper.Optimization;

/// <summary>
/// An option that affects the results of a run. A run can be resumed only with options of equal fingerprints.
/// </summary>
/// <remarks>
/// Use a source-generated serializer, so that no reflection is needed and the code stays trimmable:
/// <c>JsonSerializer.SerializeToNode(this, MyContext.Default.MyOptions)!</c>. Mark properties that do not affect the
/// results with <see cref="System.Text.Json.Serialization.JsonIgnoreAttribute"/>.
/// </remarks>
public interface IFingerprinted
{
    /// <summary>Returns all properties that affect the results of a run, as JSON.</summary>
    JsonNode Fingerprint();
}
