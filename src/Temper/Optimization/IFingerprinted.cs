using System.Text.Json.Nodes;

namespace Temper.Optimization;

/// <summary>
/// An option that decides the bytes of a run, and can say so: a run resumes only with equal fingerprints.
/// </summary>
/// <remarks>
/// Write it with a generated serializer, so that nothing is found by reflection and trimming stays clean:
/// <c>JsonSerializer.SerializeToNode(this, MyContext.Default.MyOptions)!</c>. Properties that do not change the bytes
/// of a run bear <see cref="System.Text.Json.Serialization.JsonIgnoreAttribute"/>.
/// </remarks>
public interface IFingerprinted
{
    /// <summary>All properties that change the bytes of a run, as JSON.</summary>
    JsonNode Fingerprint();
}
