export default function Page() {
  return <p>fivepoint</p>;
}
